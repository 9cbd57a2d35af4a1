from lesson_lib.pipeline import SourceFolder


@dg.asset(partitions_def=s3_partitions_def)
def my_import(context: dg.AssetExecutionContext, source: SourceFolder) -> dg.MaterializeResult:
    path = Path(source.path) / f"{context.partition_key}.csv"
    if not path.is_file():
        raise FileNotFoundError(path.name)
    return dg.MaterializeResult(value=str(path))


check("1.3", my_import)
