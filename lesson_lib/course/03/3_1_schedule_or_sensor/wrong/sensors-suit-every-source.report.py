trigger = {
    "exchange": "schedule",
    "customers": "sensor",
    "report": "sensor",
    "invoices": "sensor",
    "export": "sensor",
}
check("3.1", trigger)
