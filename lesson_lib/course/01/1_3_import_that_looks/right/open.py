path = f"{source.path}/{context.partition_key}.csv"
with open(path):
    return path
