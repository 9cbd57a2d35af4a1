from lesson_lib.pipeline import SourceFolder
from functools import cache


@cache
def is_there(path: str) -> bool:
    return Path(path).is_file()


@dg.asset(partitions_def=s3_partitions_def)
def my_import(context: dg.AssetExecutionContext, source: SourceFolder) -> str:
    path = f"{source.path}/{context.partition_key}.csv"
    if not is_there(path):
        raise FileNotFoundError(path)
    return path


check("1.3", my_import)
