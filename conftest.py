"""How pytest compares what the notebooks show, beside what nbval does by itself."""

import pytest
from nbval.plugin import IPyNbFile
from notebook_rules import FOLDED


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Leave out of the comparison what a board folds away: logs and tracebacks, in other libraries' words."""
    if isinstance(collector, IPyNbFile):
        collector.sanitize_patterns[FOLDED.pattern] = r"\1"
