from lesson_lib.pipeline import SourceFolder

keys = []


@dg.asset(partitions_def=s3_partitions_def)
def my_import(context: dg.AssetExecutionContext, source: SourceFolder) -> str:
    keys.append(context.partition_key)
    path = Path(source.path) / f"{keys[0]}.csv"
    if not path.is_file():
        raise FileNotFoundError(f"{path.name} is not there. Put it there, and run again.")
    return str(path)


check("1.3", my_import)
