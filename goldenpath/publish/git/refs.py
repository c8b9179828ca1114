"""Moving refs of a repository on this machine, by compare-and-swap."""

from __future__ import annotations

import re
import subprocess
import tempfile
import threading
import weakref
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from goldenpath.errors import RefMovedError, RepositoryError, RepositoryUnavailableError
from goldenpath.publish.git.command import CommandError, end, environment, said, start

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
    """One ref's move. ``old`` is what it must be now, None where it must not be there; ``new`` None removes it."""

    ref: str
    new: str | None
    old: str | None


class RefMover:
    """Moves refs through a `git update-ref` that stays: half of a move's time would be the start of a process.

    Safe for many threads, which move one after the other.
    """

    def __init__(self, git_dir: Path) -> None:
        self._git_dir = git_dir
        self._lock = threading.Lock()
        self._running: list[_UpdateRef] = []
        self._finalizer = weakref.finalize(self, _end_all, self._running)

    def close(self) -> None:
        """End the process; the next move starts a new one."""
        with self._lock:
            _end_all(self._running)

    @contextmanager
    def locked(self, updates: Sequence[RefUpdate]) -> Iterator[Callable[[], None]]:
        """Lock refs that are what ``old`` says, and give the call that moves them; without it, nothing moves.

        Raises:
            RefMovedError: a ref is not what ``old`` says.
            RepositoryUnavailableError: another process holds a ref, or left its lock behind when it was killed.
            RepositoryError: Git refuses.

        """
        with self._lock:
            if not self._running or not self._running[0].is_alive():
                _end_all(self._running)
                self._running.append(_UpdateRef(self._git_dir))
            process = self._running[0]
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
                # What it holds, it lets go of as it ends.
                _end_all(self._running)
                raise

    def move(self, updates: Sequence[RefUpdate]) -> None:
        """Move refs, all or none, each only where it is what ``old`` says; errors as of ``locked``."""
        with self.locked(updates) as commit:
            commit()


class _UpdateRef:
    """`git update-ref --stdin`, spoken to word by word."""

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
        with suppress(OSError):  # It has ended: it then gives no answer.
            self._process.stdin.write(words)
            self._process.stdin.flush()
        for _ in range(answers):
            if not self._process.stdout.readline().endswith(b": ok\n"):
                raise self._refusal(updates)

    def _refusal(self, updates: Sequence[RefUpdate]) -> RepositoryError:
        self.close()
        return _meaning(f"moving {', '.join(update.ref for update in updates)}", self._said)

    def close(self) -> None:
        """Let it end by itself, which takes its locks away."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE)
        end(self._process)
        if not self._errors.closed:
            self._errors.seek(0)
            self._said = self._errors.read().decode(errors="replace")
            self._errors.close()


def _end_all(running: list[_UpdateRef]) -> None:
    while running:
        running.pop().close()


def _lines(updates: Sequence[RefUpdate]) -> bytes:
    return "".join(
        f"update {update.ref}\0{update.new or _NOWHERE}\0{update.old or _NOWHERE}\0" for update in updates
    ).encode()


def _meaning(doing: str, text: str) -> RepositoryError:
    """What Git's refusal to move a ref means."""
    message = f"{doing}: {said(text)}"
    if REF_MOVED.search(text):
        return RefMovedError(message)
    if _LOCKED.search(text):
        return RepositoryUnavailableError(message)
    return CommandError(message)
