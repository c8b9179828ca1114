"""Move refs of a local repository by compare-and-swap."""

from __future__ import annotations

import re
import subprocess
import tempfile
import threading
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from goldenpath.errors import RefMovedError, RepositoryError, RepositoryUnavailableError
from goldenpath.git.command import CommandError, end, environment, error_line, start
from goldenpath.git.process_pool import ProcessPool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

REF_MOVED: Final = re.compile(
    r"but expected|reference already exists|unable to resolve reference|reference is missing|incorrect old value"
)
_LOCKED: Final = re.compile(r"Unable to create '.*\.lock'")
_NOWHERE: Final = "0" * 40
_GRACE: Final = 10.0


class RefUpdate(NamedTuple):
    """A move of one ref. ``old`` is its expected commit, None if it must not exist; ``new`` None deletes the ref."""

    ref: str
    new: str | None
    old: str | None


class RefMover:
    """Moves refs through a long-running `git update-ref`: starting a process takes half the time of a move.

    Thread-safe: one thread moves at a time.
    """

    def __init__(self, git_dir: Path) -> None:
        self._git_dir = git_dir
        self._lock = threading.Lock()
        self._idle: ProcessPool[_UpdateRef] = ProcessPool(_UpdateRef.end, kept=1)

    def close(self) -> None:
        """End the process; the next move starts a new one."""
        self._idle.end()

    @contextmanager
    def locked(self, updates: Sequence[RefUpdate]) -> Iterator[Callable[[], None]]:
        """Lock refs that are at ``old``, and yield the function that moves them.

        Raises:
            RefMovedError: a ref is not at ``old``.
            RepositoryUnavailableError: another process holds the lock of a ref, or was killed and left it.
            RepositoryError: Git refuses the move.
        """
        with self._lock:
            process = self._idle.take()
            if process is not None and not process.is_alive():
                process.end()
                process = None
            process = process or _UpdateRef(self._git_dir)
            try:
                process.say(updates, b"start\0" + _lines(updates) + b"prepare\0", answers=2)
                committed = False

                def commit() -> None:
                    nonlocal committed
                    process.say(updates, b"commit\0", answers=1)
                    committed = True

                yield commit
                if not committed:
                    process.say(updates, b"abort\0", answers=1)
            except BaseException:
                process.end()  # This releases its locks.
                raise
            self._idle.give_back(process)

    def move(self, updates: Sequence[RefUpdate]) -> None:
        """Move refs, all or none, if each is at ``old``. Errors as in ``locked``."""
        with self.locked(updates) as commit:
            commit()


class _UpdateRef:
    """A running `git update-ref --stdin`."""

    def __init__(self, git_dir: Path) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        self._process = start(
            ("git", f"--git-dir={git_dir}", "update-ref", "-m", "goldenpath", "--stdin", "-z"),
            folder=git_dir,
            env=environment(),
            stderr=self._errors,
        )

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def say(self, updates: Sequence[RefUpdate], words: bytes, *, answers: int) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(OSError):  # The process has ended; the next read then returns nothing.
            self._process.stdin.write(words)
            self._process.stdin.flush()
        for _ in range(answers):
            if not self._process.stdout.readline().endswith(b": ok\n"):
                raise self._move_refusal(updates)

    def _move_refusal(self, updates: Sequence[RefUpdate]) -> RepositoryError:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE)
        self._errors.seek(0)
        text = self._errors.read().decode(errors="replace")
        return _move_error(f"moving {', '.join(update.ref for update in updates)}", text)

    def end(self) -> None:
        end(self._process)
        self._errors.close()


def _lines(updates: Sequence[RefUpdate]) -> bytes:
    return "".join(
        f"update {update.ref}\0{update.new or _NOWHERE}\0{update.old or _NOWHERE}\0" for update in updates
    ).encode()


def _move_error(doing: str, text: str) -> RepositoryError:
    """The error for Git's refusal to move a ref."""
    message = f"{doing}: {error_line(text)}"
    if REF_MOVED.search(text):
        return RefMovedError(message)
    if _LOCKED.search(text):
        return RepositoryUnavailableError(message)
    return CommandError(message)
