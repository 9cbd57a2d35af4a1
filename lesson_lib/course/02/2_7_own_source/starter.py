my_folder = ...  # Path("...") of a folder with a CSV file for each key, at least two


@dg.asset(partitions_def=s3_partitions_def)
def my_table(
    context: dg.AssetExecutionContext, database: Warehouse, import_dynamic_partition_file: str
) -> None:
    key, path = context.partition_key, import_dynamic_partition_file
    ...


check("2.7", my_folder, my_table)
