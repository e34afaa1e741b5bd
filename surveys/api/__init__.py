"""The API, by noun: what clients' systems hand in and read."""
