path = Path(source.path) / f"{context.partition_key}.csv"
if not path.is_file():
    raise dg.Failure(f"{path.name} is not there.")
context.add_output_metadata({"bytes": path.stat().st_size})
return str(path)
