"""Read thousands of objects from long-running `git cat-file --batch` processes.

Measured in microseconds per object, in a repository of 160,000 objects: one by one 45-60, as a stream 22-25,
GitPython's ``GitCmdObjectDB`` 46-150 (the same process, one by one), its ``GitDB`` 95-160 (deprecated by GitPython,
and not thread-safe), a new process for each object 3,000. Git itself handles alternates, packs that appear or
disappear meanwhile, and every storage format of refs.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from goldenpath.errors import RepositoryError, RepositoryUnavailableError
from goldenpath.git.command import end, environment, start
from goldenpath.git.process_pool import ProcessPool

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# Names sent before the first answer is read. At most two groups are under way, so the names always fit into a pipe
# (64 KiB, or 4 KiB for a user with many pipes) and neither side waits for the other.
_GROUP: Final = 40
_IDLE_KEPT: Final = 4


class FoundObject(NamedTuple):
    """One answer. ``kind`` is empty if the object does not exist; ``data`` is empty after ``look``."""

    name: str
    id: str
    kind: str
    data: bytes


class CatFile:
    """Processes that read objects of one repository. Each thread and each half-read stream has its own process."""

    def __init__(self, git_dir: Path) -> None:
        self._git_dir = git_dir
        self._idle: dict[str, ProcessPool[subprocess.Popen[bytes]]] = {
            mode: ProcessPool(end, kept=_IDLE_KEPT) for mode in ("--batch", "--batch-check")
        }

    def close(self) -> None:
        """End all idle processes; the next read starts new ones."""
        for idle in self._idle.values():
            idle.end()

    def read(self, names: Iterable[str]) -> Iterator[FoundObject]:
        """Objects with their bytes, in the order of their names."""
        return self._ask("--batch", names)

    def look(self, names: Iterable[str]) -> Iterator[FoundObject]:
        """Ids and kinds of objects, refs or expressions such as ``main^{commit}``, without their bytes."""
        return self._ask("--batch-check", names)

    def _ask(self, mode: str, names: Iterable[str]) -> Iterator[FoundObject]:
        remaining = map(_checked, names)
        group = list(islice(remaining, _GROUP))
        if not group:
            return
        process = self._begin(mode, group)
        asked = deque(group)
        intact = False
        try:
            while asked:
                group = list(islice(remaining, _GROUP))
                before = len(asked)
                if group:
                    _send(process, group)
                    asked.extend(group)
                for _ in range(before):
                    found = _answer(process, asked[0], with_data=mode == "--batch")
                    asked.popleft()
                    intact = not asked
                    yield found
        finally:
            # After an early exit the pipe still holds answers, which the next reader must not get.
            if intact:
                self._idle[mode].give_back(process)
            else:
                end(process)

    def _begin(self, mode: str, group: list[str]) -> subprocess.Popen[bytes]:
        """Send the first group to an idle process, or to a new one if no idle process is alive."""
        while (process := self._idle[mode].take()) is not None:
            if process.poll() is None:
                _send(process, group)
                return process
            end(process)
        process = start(
            ("git", f"--git-dir={self._git_dir}", "cat-file", mode), folder=self._git_dir, env=environment()
        )
        _send(process, group)
        return process


def _checked(name: str) -> str:
    if "\n" in name:
        raise RepositoryError(f"{name!r} is not the name of an object: it contains a line break")
    return name


def _send(process: subprocess.Popen[bytes], names: list[str]) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write("".join(f"{name}\n" for name in names).encode(errors="surrogateescape"))
        process.stdin.flush()
    except OSError:
        return  # The process has ended. `_answer` then reads nothing and raises.


def _answer(process: subprocess.Popen[bytes], name: str, *, with_data: bool) -> FoundObject:
    assert process.stdout is not None
    head = process.stdout.readline().decode(errors="surrogateescape").rstrip("\n")
    if not head:
        raise RepositoryUnavailableError("git cat-file ended while objects were read from it")
    if head.endswith((" missing", " ambiguous")):
        return FoundObject(name, "", "", b"")
    identity, kind, size = head.split(" ")
    if not with_data:
        return FoundObject(name, identity, kind, b"")
    data = process.stdout.read(int(size) + 1)
    if len(data) != int(size) + 1:
        raise RepositoryUnavailableError(f"git cat-file ended in the middle of the object {name}")
    return FoundObject(name, identity, kind, data[:-1])
