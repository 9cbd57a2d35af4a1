from lesson_lib.pipeline import SourceFolder

found = set()


@dg.asset(partitions_def=s3_partitions_def)
def my_import(context: dg.AssetExecutionContext, source: SourceFolder) -> str:
    path = Path(source.path) / f"{context.partition_key}.csv"
    if path not in found and not path.is_file():
        raise FileNotFoundError(path.name)
    found.add(path)
    return str(path)


check("1.3", my_import)
