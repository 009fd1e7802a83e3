"""Runs migrations for Alembic, on the connection that eQueue's migrator hands over or as a script of SQL."""

from pathlib import Path
from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import Script

from equeue.adapters.postgres.models import Model

SCHEMA = Model.metadata.schema
FLOOR = "create or replace function {}.schema_floor() returns text language sql immutable parallel safe return '{}'"


def raise_floor(ctx: MigrationContext, step: MigrationInfo, heads: Any, run_args: Any) -> None:  # noqa: ARG001
    """Tell builds that do not know a contraction that they no longer fit the schema."""
    script = step.up_revision
    if isinstance(script, Script) and "_contract_" in Path(script.path).name:
        ctx.execute(FLOOR.format(SCHEMA, script.revision))


context.configure(
    connection=context.config.attributes.get("connection"),
    dialect_name="postgresql",
    target_metadata=Model.metadata,
    version_table="schema_version",
    version_table_schema=SCHEMA,
    transaction_per_migration=True,
    on_version_apply=raise_floor,
)
if context.is_offline_mode():
    context.execute(f"create schema if not exists {SCHEMA}")

with context.begin_transaction():
    context.run_migrations()
