trigger = {
    "exchange": "Schedule",
    "customers": "a sensor",
    "report": "schedules",
    "invoices": " SENSOR ",
    "export": "@dg.sensor",
}
check("3.1", trigger)
