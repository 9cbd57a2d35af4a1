trigger = {
    "exchange": "schedule",
    "customers": "sensor",
    "report": "schedule",
    "invoices": "schedule",
    "export": "sensor",
}
check("3.1", trigger)
