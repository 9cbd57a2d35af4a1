check("1.4", "E, C, D, A, B")
