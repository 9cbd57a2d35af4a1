from lesson_lib.pipeline import SourceFolder


@dg.asset(partitions_def=s3_partitions_def)
def my_import(context: dg.AssetExecutionContext, source: SourceFolder):
    path = Path(source.path) / f"{context.partition_key}.csv"
    path.stat()
    if path.is_dir():
        raise IsADirectoryError(path.name)
    yield dg.Output(str(path))


check("1.3", my_import)
