path = Path(source.path) / f"{context.partition_key}.csv"
if not path.is_file():
    print(f"{path.name} is not there.")  # noqa: T201 - the mistake of this answer
return str(path)
