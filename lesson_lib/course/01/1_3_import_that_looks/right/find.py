return str(source.find(context.partition_key))
