good = [name for name in names if name.strip() and "..." not in name]
instance.add_dynamic_partitions("S3", good)
