trigger = {
    "exchange": "schedule",
    "customers": "sensor",
    "report": "schedule",
    "invoices": "schedule",
    "export": "schedule",
}
check("3.1", trigger)
