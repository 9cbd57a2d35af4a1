for name in names:
    instance.add_dynamic_partitions("s3", [name])
