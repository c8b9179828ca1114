"""Records runs: the request for each, the process that executes it, and its answer.

It is one table, in SQLite or PostgreSQL, with the same statements. A run is *claimed* before its work begins and
*settled* with its answer. A caller that repeats a settled run gets that answer again. If the process of a run dies,
another one claims the run when its lease ends. A process may die between the work and the settling, so the work must
be safe to repeat. A publish is: the same request makes no second commit.

The ledger keeps digests of inputs, not the inputs, and deletes answers after some days.
"""

from __future__ import annotations

import contextlib
import enum
import threading
import time
import uuid
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from goldenpath.errors import InputError
from goldenpath_backstage.backend_errors import UnavailableError
from goldenpath_backstage.runs.ledger_statements import METADATA, Statements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import URL, Engine

__all__ = ["Claim", "ClaimState", "Ledger"]

_DAY: Final = 86_400.0
_SWEEP_SECONDS: Final = 3600.0

_DRIVERS: Final = {"postgresql": "postgresql+psycopg", "sqlite": "sqlite"}


class ClaimState(enum.Enum):
    """The result of a claim."""

    OURS = "ours"
    ANSWERED = "answered"
    TAKEN = "taken"
    OTHER_INPUT = "other input"


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim of a run; ``answer`` is set if the run is settled."""

    state: ClaimState
    answer: bytes | None = None


class Ledger:
    """One process's view of the ledger. Safe for many threads.

    Args:
        address: SQLAlchemy's address, of SQLite or PostgreSQL. ``sqlite://`` keeps the ledger in memory.
        keep_days: how long answers are kept.
        lease_seconds: how long a process may be silent before its runs are taken over.

    Raises:
        InputError: the address is not valid.
        UnavailableError: the database does not answer.
    """

    def __init__(self, address: str, *, keep_days: int, lease_seconds: float = 30.0) -> None:
        url = _parse_address(address)
        self._dialect = url.get_backend_name()
        self._engine = _engine(url)
        self._statements = Statements(
            self._dialect, lease_seconds=lease_seconds, keep_seconds=keep_days * _DAY
        )
        self._holder = uuid.uuid4().hex
        self._lease_seconds = lease_seconds
        self._held: set[str] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._create()
        self._keeper = threading.Thread(target=self._maintain, name="goldenpath-ledger", daemon=True)
        self._keeper.start()

    def claim(self, key: str, *, digest: str, action: str, caller: str) -> Claim:
        """Claim a run for this process.

        Args:
            key: the key of the run, the same for a retry.
            digest: the digest of the input.
            action: the action's id, for people who read the table.
            caller: the caller's name, for people who read the table.

        Raises:
            UnavailableError: the database does not answer.
        """
        new = {"key": key, "input": digest, "action": action, "caller": caller, "holder": self._holder}
        same = {"the_key": key, "the_input": digest, "new_holder": self._holder, "new_caller": caller}
        do = self._statements
        with _without_statements(), self._engine.begin() as connection:
            is_ours = (
                connection.execute(do.insert, new).first() is not None
                or connection.execute(do.take_over, same).rowcount == 1
            )
            row = None if is_ours else connection.execute(do.look, {"the_key": key}).one_or_none()
        if is_ours:
            with self._lock:
                self._held.add(key)
            return Claim(ClaimState.OURS)
        if row is None:  # the run was released just now; the next claim gets it
            return Claim(ClaimState.TAKEN)
        if row.input != digest:
            return Claim(ClaimState.OTHER_INPUT)
        if row.answer is not None:
            return Claim(ClaimState.ANSWERED, zlib.decompress(row.answer))
        return Claim(ClaimState.TAKEN)

    def settle(self, key: str, answer: bytes) -> bool:
        """Store the answer of a run that this process claimed; return False if another process has taken it over.

        Raises:
            UnavailableError: the database does not answer. Another process can take the run over when its lease ends.
        """
        done = {"the_key": key, "the_holder": self._holder, "new_answer": zlib.compress(answer, 1)}
        try:
            with _without_statements(), self._engine.begin() as connection:
                return connection.execute(self._statements.settle, done).rowcount == 1
        finally:
            self._let_go(key)

    def release(self, key: str) -> None:
        """Give up the claim of a failed run, so that it can be retried at once.

        Raises:
            UnavailableError: the database does not answer.
        """
        self._let_go(key)
        with _without_statements(), self._engine.begin() as connection:
            connection.execute(self._statements.release, {"the_key": key, "the_holder": self._holder})

    def check(self) -> None:
        """Check that the database answers.

        Raises:
            UnavailableError: the database does not answer.
        """
        with _without_statements(), self._engine.connect() as connection:
            connection.execute(self._statements.any)

    def forget_old(self) -> int:
        """Delete old answers and abandoned runs, and return their number.

        Raises:
            UnavailableError: the database does not answer.
        """
        with _without_statements(), self._engine.begin() as connection:
            return connection.execute(self._statements.forget).rowcount

    def close(self) -> None:
        """Close the connections to the database."""
        self._stopping.set()
        self._keeper.join()
        self._engine.dispose()

    def _let_go(self, key: str) -> None:
        with self._lock:
            self._held.discard(key)

    def _maintain(self) -> None:
        next_sweep = 0.0
        while not self._stopping.wait(self._lease_seconds / 3):
            # After a failure, the next round retries. If a lease ends meanwhile, its run is executed twice.
            with contextlib.suppress(UnavailableError):
                self._renew()
                if time.monotonic() >= next_sweep:
                    self.forget_old()
                    next_sweep = time.monotonic() + _SWEEP_SECONDS

    def _renew(self) -> None:
        with self._lock:
            held = tuple(self._held)
        if not held:
            return
        with _without_statements(), self._engine.begin() as connection:
            connection.execute(self._statements.renew, {"the_keys": held, "the_holder": self._holder})

    def _create(self) -> None:
        with _without_statements(), self._engine.begin() as connection:
            if self._dialect == "postgresql":
                # Two processes that start together must not both create the table.
                connection.execute(text("select pg_advisory_xact_lock(7203114)"))
            METADATA.create_all(connection)


@contextlib.contextmanager
def _without_statements() -> Iterator[None]:
    """Convert the database's errors to ours, without their statements and parameters."""
    try:
        yield
    except DBAPIError as error:
        raise UnavailableError(f"the ledger's database failed: {type(error.orig).__name__}") from None
    except SQLAlchemyError as error:
        raise UnavailableError(f"the ledger's database failed: {type(error).__name__}") from None


def _parse_address(address: str) -> URL:
    """Parse the address, and set the installed driver. Errors never repeat the password."""
    try:
        url = make_url(address)
        backend = url.get_backend_name()
    except (ArgumentError, NoSuchModuleError):
        backend = ""
    if backend not in _DRIVERS:
        message = "must be SQLAlchemy's address of an SQLite or PostgreSQL database"
        raise InputError.of("database", "database", message)
    return url.set(drivername=_DRIVERS[backend])


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "postgresql":
        return create_engine(url, pool_size=8, max_overflow=24, pool_pre_ping=True, hide_parameters=True)
    if not url.database or url.database == ":memory:":
        # The one connection is the whole database. Threads share it, one at a time.
        return create_engine(
            url,
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            connect_args={"check_same_thread": False},
            hide_parameters=True,
        )
    Path(url.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(url, connect_args={"timeout": 30}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("pragma journal_mode = wal")
        cursor.execute("pragma synchronous = normal")
        cursor.close()

    return engine
