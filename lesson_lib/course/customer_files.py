"""The files of the exercises in notebook 02: versions of a customer's file, and a file named after a day."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from lesson_lib.course.csv_source import Source

_HEADER = "date,share_price,amount,spend,shift,spread\n"
# Two rows are equal, and two more share their day. A price is zero, and one is very high.
_ACME = (
    _HEADER
    + """\
2017/09/11,10.00,3359729,33597290.00,0.00,0.01
2017/09/12,9.98,2181256,21768934.88,-0.02,0.02
2017/09/13,10.01,3109502,31126115.02,0.03,0.02
2017/09/13,10.01,3109502,31126115.02,0.03,0.02
2017/09/14,9.89,1369549,13544839.61,-0.12,0.01
2017/09/15,11.07,2269323,25121405.61,1.18,0.02
2017/09/15,10.05,2023786,20339049.30,-1.02,0.02
2017/09/19,0.00,0,0.00,0.00,0.00
2017/09/20,4250.14,2291576,9739518814.64,0.11,0.01
2017/09/21,10.14,1187000,12036180.00,0.05,0.02
"""
)


def _make_file(amounts: Iterable[int]) -> str:
    """Return the text of a file with a line for each amount; several have the same day."""
    lines = (
        f"2017/{9 + number % 3:02}/{1 + number // 7 % 28:02},{9 + number % 5}.25,"
        f"{amount},{amount}0.50,0.03,0.01\n"
        for number, amount in enumerate(amounts)
    )
    return _HEADER + "".join(lines)


_LONG_FILE = _make_file(1_000_000 + number * 7 for number in range(1_500))


@cache
def _make_large_file() -> str:
    """Return a file with more rows than the 20,480 that DuckDB looks at to find the types of the columns."""
    return _make_file(1_000_000 + number * 7 for number in range(21_000))


@cache
def _make_broken_late_file() -> str:
    """Return a large file whose third line from the end has a day that does not exist."""
    *lines, broken, before_last, last = _make_large_file().splitlines(keepends=True)
    return "".join([*lines, broken.replace("2017/", "2017/2", 1), before_last, last])


def _swap_amounts(text: str, one: int, other: int) -> str:
    """Return the text of a file with the amounts of two lines swapped."""
    lines = [line.split(",") for line in text.splitlines(keepends=True)]
    lines[one][2], lines[other][2] = lines[other][2], lines[one][2]
    return "".join(map(",".join, lines))


CUSTOMERS = Source(
    table="raw_partition_data",
    key="acme",
    file=_ACME,
    # A customer's correction: without the first and the last day, and with another price and date in one row.
    corrected=_HEADER
    + "".join(_ACME.splitlines(keepends=True)[2:-1]).replace("2017/09/15,11.07", "2017/09/16,10.07"),
    long=_LONG_FILE,
    swapped=_swap_amounts(_LONG_FILE, 1_250, 1_440),
    broken=_ACME.replace(",2269323,", ",n/a,"),
    make_large=_make_large_file,
    make_broken_late=_make_broken_late_file,
    refused=_ACME.replace("2017/09/15,11.07", "2017/09/15,11000.07"),
    constraint="share_price < 10000",
    other_key="bluebird",
    other_file=_HEADER
    + """\
2017/09/11,67.30,9400,632620.00,0.00,0.02
2017/09/12,66.74,3238,216104.12,-0.56,0.01
2017/10/04,65.83,4204,276749.32,-0.91,0.02
""",
)
EXCHANGE = replace(
    CUSTOMERS,
    key="2018-01-22",
    file=_HEADER
    + """\
2017/09/11,10.00,3359729,33597290.00,0.00,0.01
2017/09/12,9.98,2181256,21768934.88,-0.02,0.02
2017/09/12,9.98,2181256,21768934.88,-0.02,0.02
2017/09/13,0.00,0,0.00,0.00,0.00
2017/09/14,4250.14,2291576,9739518814.64,0.11,0.01
2018/01/22,9.89,1369549,13544839.61,-0.12,0.01
2018/01/22,10.02,2269323,22738616.46,0.13,0.02
""",
)
