trigger = {
    "exchange": "sensor",
    "customers": "sensor",
    "report": "schedule",
    "invoices": "sensor",
    "export": "sensor",
}
check("3.1", trigger)
