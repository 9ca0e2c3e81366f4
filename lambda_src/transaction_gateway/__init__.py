"""The transaction gateway: AWS adapters around payment_core."""
