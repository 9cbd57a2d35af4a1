check("1.4", "ceadb")
