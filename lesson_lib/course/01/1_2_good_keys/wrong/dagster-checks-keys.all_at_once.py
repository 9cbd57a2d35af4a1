instance.add_dynamic_partitions("s3", list(dict.fromkeys(names)))
