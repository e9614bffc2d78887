"""The declarative base of every row: naming, column types and the columns that all rows share."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, cast
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Computed,
    Date,
    DateTime,
    Enum,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from uuid_utils.compat import uuid7

from db.enums import Choice

NAMING = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}

SEPARATORS = "-/.@+#"  # of words that are searched by; the query is split in the same way


class Base(DeclarativeBase):
    """Root of the metadata. Rows have no ORM relationships: relations are read by loaders, in batches."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        bool: Boolean,
        int: Integer,
        Decimal: Numeric(18, 2),
        UUID: Uuid(as_uuid=True),
        datetime: DateTime(timezone=True),
        date: Date,
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        list[str]: ARRAY(Text),
        Choice: Enum(Choice, native_enum=False, create_constraint=False, length=64),
    }

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__tablename__" not in cls.__dict__:
            return
        for column in cls.__table__.columns:
            if isinstance(column.type, Enum):  # text and CHECK: a PostgreSQL enum cannot be sharded or changed freely
                allowed = CheckConstraint(column.in_(column.type.enums), name=column.name)
                cast(Table, cls.__table__).append_constraint(allowed)


class ReferenceRow(Base):
    """A row outside the tenants: small tables that Citus would replicate, such as organizations and logins."""

    __abstract__ = True

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class TenantRow(Base):
    """A row of one tenant. The tenant comes first in its primary key, and in each unique, foreign key and index."""

    __abstract__ = True

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-20)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, sort_order=-10)
    created_at: Mapped[datetime] = mapped_column(sort_order=90)


class VersionedRow(TenantRow):
    """A tenant's row that clients change: it counts its versions, for `expectedVersion`."""

    __abstract__ = True

    updated_at: Mapped[datetime] = mapped_column(sort_order=91)
    version: Mapped[int] = mapped_column(default=1, sort_order=92)


def tenant_fk(column: str, table: str, *, ondelete: str | None = None) -> ForeignKeyConstraint:
    """A foreign key within the tenant: (tenant_id, column) to the table's (tenant_id, id)."""
    return ForeignKeyConstraint(["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"], ondelete=ondelete)


def tenant_root() -> ForeignKeyConstraint:
    """The foreign key of every tenant table to the reference table of tenants."""
    return ForeignKeyConstraint(["tenant_id"], ["tenants.id"])


def search_document(*columns: str) -> Mapped[str]:
    """A stored tsvector over text columns, in the configuration `simple`: names and numbers, not prose.

    What SEPARATORS join counts as several words: PostgreSQL's parser would take LIC-200 for `lic` and the number
    -200, and an address for one word. Clients never read it. The migration that adds the table also adds its GIN
    index and its search function (`db/core/ddl.py`).
    """
    words = " || ' ' || ".join(f"coalesce({column}, '')" for column in columns)
    return mapped_column(
        TSVECTOR,
        Computed(
            f"to_tsvector('simple'::regconfig, translate({words}, '{SEPARATORS}', '{' ' * len(SEPARATORS)}'))",
            persisted=True,
        ),
        deferred=True,
    )
