trigger = {
    "exchange": "schedule",
    "customers": "schedule",
    "report": "schedule",
    "invoices": "schedule",
    "export": "schedule",
}
check("3.1", trigger)
