instance = dg.DagsterInstance.ephemeral()
instance.add_dynamic_partitions("s3", names)
