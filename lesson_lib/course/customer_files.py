"""The files of the exercises in notebook 02: versions of a customer's file, and a file named after a day."""

from dataclasses import replace

from lesson_lib.course import reloading as reload

_HEADER = "date,share_price,amount,spend,shift,spread\n"
_ACME = (
    _HEADER
    + """\
2017/09/11,10.00,3359729,33597290.00,0.00,0.01
2017/09/12,9.98,2181256,21768934.88,-0.02,0.02
2017/09/13,10.01,3109502,31126115.02,0.03,0.02
2017/09/14,9.89,1369549,13544839.61,-0.12,0.01
2017/09/15,11.07,2269323,25121405.61,1.18,0.02
2017/09/18,10.09,2023786,20420000.74,-0.98,0.02
2017/09/19,10.03,2403888,24110996.64,-0.06,0.01
2017/09/20,10.14,2291576,23236580.64,0.11,0.01
"""
)
CUSTOMERS = reload.Source(
    table="raw_partition_data",
    key="acme",
    file=_ACME,
    # A customer's correction: without the last day, and with another price and date in one row.
    corrected="".join(_ACME.splitlines(keepends=True)[:-1]).replace("2017/09/15,11.07", "2017/09/16,10.07"),
    broken=_ACME.replace(",2269323,", ",n/a,"),
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
2017/09/13,10.01,3109502,31126115.02,0.03,0.02
2018/01/22,9.89,1369549,13544839.61,-0.12,0.01
2018/01/22,10.02,2269323,22738616.46,0.13,0.02
""",
)
