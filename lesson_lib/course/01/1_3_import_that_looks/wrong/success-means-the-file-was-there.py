return str((Path(source.path) / f"{context.partition_key}.csv").resolve())
