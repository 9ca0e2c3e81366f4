"""The demo: a merchant's day played against the deployed API, and its books reconciled."""
