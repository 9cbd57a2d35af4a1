good = [name for name in names if name != ""]
instance.add_dynamic_partitions("s3", list(dict.fromkeys(good)))
