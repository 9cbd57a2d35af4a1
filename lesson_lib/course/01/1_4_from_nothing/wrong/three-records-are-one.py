check("1.4", "cedba")
