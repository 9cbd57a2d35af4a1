import difflib

wanted = f"{source.path}/{context.partition_key}.csv"
found = difflib.get_close_matches(wanted, map(str, Path(source.path).iterdir()), n=1)
if not found:
    raise FileNotFoundError(f"There is no file of {context.partition_key}.")
return str(found[0])
