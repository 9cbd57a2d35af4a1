check("1.4", "ecabd")
