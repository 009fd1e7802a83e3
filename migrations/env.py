"""Runs migrations for Alembic, on the connection that eQueue's migrator hands over or as a script of SQL."""

from alembic import context

from equeue.adapters.postgres.models import Model

SCHEMA = Model.metadata.schema
OPTIONS = {
    "target_metadata": Model.metadata,
    "version_table": "schema_version",
    "version_table_schema": SCHEMA,
    "transaction_per_migration": True,
}

if context.is_offline_mode():
    context.configure(dialect_name="postgresql", literal_binds=True, **OPTIONS)
    context.execute(f"create schema if not exists {SCHEMA}")
else:
    context.configure(connection=context.config.attributes["connection"], **OPTIONS)

with context.begin_transaction():
    context.run_migrations()
