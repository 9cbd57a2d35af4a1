trigger = {
    "exchange": ...,
    "customers": ...,
    "report": ...,
    "invoices": ...,
    "export": ...,
}
check("3.1", trigger)
