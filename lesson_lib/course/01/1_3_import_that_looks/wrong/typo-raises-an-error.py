from lesson_lib.pipeline import SourceFolder


@dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="S3"))
def my_import(context: dg.AssetExecutionContext, source: SourceFolder) -> str:
    path = Path(source.path) / f"{context.partition_key}.csv"
    if not path.is_file():
        raise FileNotFoundError(f"{path.name} is not there. Put it there, and run again.")
    return str(path)


check("1.3", my_import)
