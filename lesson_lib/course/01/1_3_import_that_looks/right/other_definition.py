from lesson_lib.pipeline import SourceFolder


@dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="s3"))
def my_import(context: dg.AssetExecutionContext, source: SourceFolder) -> Path:
    path = Path(source.path, context.partition_key + ".csv")
    if not path.is_file():
        raise FileNotFoundError(f"{path.name} is not there. Put it there, and run again.")
    return path


check("1.3", my_import)
