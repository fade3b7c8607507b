"""The Alembic revisions of the ledger's schema, one per change; ``migrate`` runs them."""
