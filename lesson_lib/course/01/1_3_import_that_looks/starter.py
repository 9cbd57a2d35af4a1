from lesson_lib.pipeline import SourceFolder


@dg.asset(partitions_def=s3_partitions_def)
def my_import(context: dg.AssetExecutionContext, source: SourceFolder) -> str:
    # Return the path of the key's file, or raise an error if it is missing.
    ...


check("1.3", my_import)
