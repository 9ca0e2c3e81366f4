"""What people see of a merchant: totals, payments, refunds, webhooks, as server-rendered pages."""
