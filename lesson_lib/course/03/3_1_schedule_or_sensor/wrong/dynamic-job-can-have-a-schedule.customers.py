trigger = {
    "exchange": "schedule",
    "customers": "schedule",
    "report": "schedule",
    "invoices": "sensor",
    "export": "sensor",
}
check("3.1", trigger)
