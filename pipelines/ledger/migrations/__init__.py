"""How the ledger's file came to its present form, one revision a change; run by ``migrate``, with Alembic."""
