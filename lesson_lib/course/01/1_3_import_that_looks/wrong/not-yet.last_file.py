return str(max(Path(source.path).glob("*.csv")))
