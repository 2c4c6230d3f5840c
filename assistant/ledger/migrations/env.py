"""Runs the migrations on the connection that `assistant.ledger.database` hands over, inside its transaction."""

from alembic import context

from assistant.ledger.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
