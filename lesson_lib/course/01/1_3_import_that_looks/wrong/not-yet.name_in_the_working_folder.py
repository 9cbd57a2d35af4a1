import os

os.chdir(source.path)
path = Path(f"{context.partition_key}.csv")
if not path.is_file():
    raise FileNotFoundError(path.name)
return str(path)
