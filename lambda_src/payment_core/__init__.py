"""The payment domain: money, states, ledger, idempotency, problems. No AWS SDK."""
