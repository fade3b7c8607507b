"""Alembic's entry point: runs the revisions on the connection that ``migrate`` gives, in one transaction."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes.get("metadata"),
    transaction_per_migration=False,
)
context.run_migrations()
