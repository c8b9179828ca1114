"""Moving refs of a repository on this machine, by compare-and-swap."""

from __future__ import annotations

import re
import subprocess
import tempfile
import threading
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from goldenpath.errors import RefMovedError, RepositoryError, RepositoryUnavailableError
from goldenpath.git.command import CommandError, end, environment, said, start
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
        self._idle: ProcessPool[_UpdateRef] = ProcessPool(_UpdateRef.end, kept=1)

    def close(self) -> None:
        """End the process; the next move starts a new one."""
        self._idle.end()

    @contextmanager
    def locked(self, updates: Sequence[RefUpdate]) -> Iterator[Callable[[], None]]:
        """Lock refs that are what ``old`` says, and give the call that moves them; without it, nothing moves.

        Raises:
            RefMovedError: a ref is not what ``old`` says.
            RepositoryUnavailableError: another process holds a ref, or left its lock behind when it was killed.
            RepositoryError: Git refuses.

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
                # What it holds, it lets go of as it ends.
                process.end()
                raise
            self._idle.give_back(process)

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
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE)
        self._errors.seek(0)
        text = self._errors.read().decode(errors="replace")
        return _meaning(f"moving {', '.join(update.ref for update in updates)}", text)

    def end(self) -> None:
        end(self._process)
        self._errors.close()


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
