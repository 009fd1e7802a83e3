"""The migrator: brings the schema up to this build's newest revision, one migrator at a time, forward only."""

from importlib.resources import as_file, files
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from .columns import SCHEMA
from .engine import connect_arguments, read_url


def migrate_up(url: str) -> None:
    """Bring the schema at `url` to this build's head."""
    parsed = read_url(url)
    engine = create_engine(parsed, poolclass=NullPool, connect_args=connect_arguments(parsed), hide_parameters=True)
    with engine.connect() as connection:
        connection.execute(text(f"create schema if not exists {SCHEMA}"))
        connection.commit()
        _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    with as_file(files("equeue.migrations")) as scripts:
        config = _config(scripts)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _config(scripts: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    return config
