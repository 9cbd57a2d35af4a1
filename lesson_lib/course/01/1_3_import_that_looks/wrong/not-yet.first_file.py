return str(min(Path(source.path).glob("*.csv")))
