return f"{source.path}/{context.partition_key.replace('.', '_')}.csv"
