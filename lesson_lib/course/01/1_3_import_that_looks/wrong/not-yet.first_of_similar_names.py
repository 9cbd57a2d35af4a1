start = context.partition_key[:6]
return str(min(Path(source.path).glob(f"{start}*.csv")))
