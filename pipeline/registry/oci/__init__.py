"""A client of the OCI distribution API: one request, and what a registry answers, as values."""
