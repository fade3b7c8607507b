"""How the ledger's file came to its present form, one revision per change; run by ``migrate``, with Alembic."""
