"""The ledger's table and its statements, which are built once: building one takes longer than executing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    Column,
    Float,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

__all__ = ["METADATA", "Statements"]

METADATA: Final = MetaData()

_runs: Final = Table(
    "goldenpath_runs",
    METADATA,
    Column("key", String(64), primary_key=True),
    Column("input", String(64), nullable=False),  # digest
    Column("action", String(64), nullable=False),
    Column("caller", String(512), nullable=False),
    Column("holder", String(32), nullable=True),  # the process at work; none once it is settled
    Column("until", Float(53), nullable=False),  # end of the lease; of a settled run, when it was settled
    Column("answer", LargeBinary, nullable=True),
)

# Seconds since 1970 by the database's clock, so that the clocks of the processes need not agree.
_NOW: Final = {
    "postgresql": literal_column("cast(extract(epoch from clock_timestamp()) as float8)", Float(53)),
    "sqlite": literal_column("(julianday('now') - 2440587.5) * 86400.0", Float(53)),
}
_INSERT: Final[dict[str, Any]] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


class Statements:
    """The same statements for SQLite and PostgreSQL. The text after each one lists its parameters.

    Args:
        dialect: ``sqlite`` or ``postgresql``.
        lease_seconds: how long a lease lasts.
        keep_seconds: how long answers are kept.
    """

    def __init__(self, dialect: str, *, lease_seconds: float, keep_seconds: float) -> None:
        now = _NOW[dialect]
        lease_ends = now + lease_seconds
        row: dict[str, Any] = {
            name: bindparam(name) for name in ("key", "input", "action", "caller", "holder")
        }
        self.insert = (
            _INSERT[dialect](_runs)
            .values(**row, until=lease_ends)
            .on_conflict_do_nothing()
            .returning(_runs.c.key)
        )
        """Insert a new run: ``key``, ``input``, ``action``, ``caller``, ``holder``."""
        self.take_over = (
            update(_runs)
            .where(_is("key"), _is("input"), _runs.c.answer.is_(None), _runs.c.until < now)
            .values(holder=bindparam("new_holder"), caller=bindparam("new_caller"), until=lease_ends)
        )
        """Take over a run whose lease has ended: ``the_key``, ``the_input``, ``new_holder``, ``new_caller``."""
        self.look = select(_runs.c.input, _runs.c.answer).where(_is("key"))
        """Read input and answer of a run: ``the_key``."""
        is_mine = (_is("holder"), _runs.c.answer.is_(None))
        self.settle = (
            update(_runs)
            .where(_is("key"), *is_mine)
            .values(holder=None, until=now, answer=bindparam("new_answer"))
        )
        """Store the answer of a claimed run: ``the_key``, ``the_holder``, ``new_answer``."""
        self.release = delete(_runs).where(_is("key"), *is_mine)
        """Delete a failed run: ``the_key``, ``the_holder``."""
        held = _runs.c.key.in_(bindparam("the_keys", expanding=True))
        self.renew = update(_runs).where(held, *is_mine).values(until=lease_ends)
        """Extend leases: ``the_keys``, ``the_holder``."""
        self.forget = delete(_runs).where(_runs.c.until < now - keep_seconds)
        """Delete old answers and abandoned runs."""
        self.any = select(_runs.c.key).limit(1)
        """Read any row, to check the database."""


def _is(column: str) -> ColumnElement[bool]:
    # SQLAlchemy reserves the columns' own names for the values that an update sets.
    return _runs.c[column] == bindparam(f"the_{column}")
