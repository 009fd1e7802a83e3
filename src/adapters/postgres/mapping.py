"""What all tables have in common: their schema, how their rules are named, which types their columns have."""

from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, LargeBinary, MetaData, Text, Uuid, text
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION, INTEGER
from sqlalchemy.orm import DeclarativeBase

from ...domain.ids import UUID
from . import columns as kind

NOW = text("now()")


class Model(DeclarativeBase):
    """Everything lives in one schema, and every name can be foretold."""

    metadata = MetaData(
        schema=kind.SCHEMA,
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        },
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own attribute
        str: Text,
        UUID: Uuid,
        datetime: DateTime(timezone=True),
        int: INTEGER,
        float: DOUBLE_PRECISION,
        bytes: LargeBinary,
    }


def rule(name: str, check: str) -> CheckConstraint:
    """Return a CHECK of a table under its name."""
    return CheckConstraint(check, name=name)
