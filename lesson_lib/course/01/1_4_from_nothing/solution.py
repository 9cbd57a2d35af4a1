check("1.4", "cedab")
