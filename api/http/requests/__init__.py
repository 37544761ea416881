"""Reading requests: uploads, forms, pages of results, idempotency."""
