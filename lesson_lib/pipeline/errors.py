"""Base class of the pipeline's errors."""


class PipelineError(Exception):
    """The pipeline did not do this. The message says why and what to do next; stored rows are unchanged."""
