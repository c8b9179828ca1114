"""Moving a branch that a work tree has checked out: the files come along, or nothing moves.

As a server does it for a push with ``receive.denyCurrentBranch=updateInstead``, but safe against being killed: the ref
is locked first, the files move, the ref follows. A process that dies between the two leaves a note of the move in Git's folder,
and the next move takes the files back before anything else.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from goldenpath.errors import RepositoryError, RepositoryUnavailableError
from goldenpath.git.command import CommandError, environment, run
from goldenpath.git.objects import EMPTY_TREE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.git.git_repository import Repository
    from goldenpath.git.refs import RefUpdate

_NOTE: Final = "goldenpath-move"
_NOTE_FORM: Final = re.compile(r"([0-9a-f]{40}) ([0-9a-f]{40})\n")
_SHOWN_FILES: Final = 5


def checked_out(repository: Repository, ref: str) -> list[Path]:
    """The work trees, also linked ones, that have a branch checked out."""
    if repository.bare and not (repository.common_dir / "worktrees").is_dir():
        return []
    found = []
    for block in (
        repository.git("worktree", "list", "--porcelain").decode(errors="surrogateescape").split("\n\n")
    ):
        lines = block.splitlines()
        if f"branch {ref}" in lines:
            found.append(Path(lines[0].removeprefix("worktree ")))
    return found


def move_with_files(
    repository: Repository, updates: Sequence[RefUpdate], folders: dict[str, list[Path]]
) -> None:
    """Move refs, all or none, and the files of the work trees that have them checked out.

    Args:
        repository: whose refs.
        updates: the moves.
        folders: for each ref that is checked out, where.

    Raises:
        RefMovedError: a ref is not what ``old`` says.
        RepositoryUnavailableError: another process holds a ref or the index, or left its lock when it was killed.
        RepositoryError: a work tree has changes that are not committed, or a file in the way; nothing moved.

    """
    with repository.refs.locked(updates) as commit:
        moved: list[_WorkTree] = []
        try:
            for update in updates:
                for folder in folders.get(update.ref, ()):
                    tree = _WorkTree(folder, update.old or EMPTY_TREE, update.new or EMPTY_TREE)
                    tree.recover()
                    tree.require_clean()
                    moved.append(tree)
                    tree.forward()
            commit()
        except BaseException:
            for tree in moved:
                tree.recover()
            raise
        for tree in moved:
            tree.forget()


class _WorkTree:
    """Files and index of one work tree, on their way from one commit to another."""

    def __init__(self, folder: Path, old: str, new: str) -> None:
        self._folder, self._old, self._new = folder, old, new
        own = (
            self._git("rev-parse", "--path-format=absolute", "--git-dir")
            .decode(errors="surrogateescape")
            .strip()
        )
        self._note = Path(own) / _NOTE
        self._index_lock = Path(own) / "index.lock"

    def require_clean(self) -> None:
        rows = self._git(
            *(
                "status",
                "--porcelain",
                "-z",
                "--no-renames",
                "--untracked-files=no",
                "--ignore-submodules=all",
            )
        )
        names = [row[3:].decode(errors="replace") for row in rows.split(b"\0") if row]
        if names:
            more = f" and {len(names) - _SHOWN_FILES} more" if len(names) > _SHOWN_FILES else ""
            raise RepositoryError(
                f"{self._folder} has changes that are not committed: {', '.join(names[:_SHOWN_FILES])}{more}; "
                "commit or undo them first"
            )

    def forward(self) -> None:
        self._note.write_text(f"{self._old} {self._new}\n")
        self._move(self._old, self._new)

    def recover(self) -> None:
        """Take the files back where a move began and its ref did not follow."""
        try:
            note = _NOTE_FORM.fullmatch(self._note.read_text())
        except FileNotFoundError:
            return
        if self._index_lock.exists():
            raise RepositoryUnavailableError(
                f"{self._index_lock} is there: another Git is at work, or was killed"
            )
        if note:
            old, new = note.groups()
            head = (
                self._git("rev-parse", "--verify", "--quiet", "HEAD", or_status=1).decode().strip()
                or EMPTY_TREE
            )
            if head == old and self._index_is(new):
                self._move(new, old)
        self.forget()

    def forget(self) -> None:
        self._note.unlink(missing_ok=True)

    def _index_is(self, tree: str) -> bool:
        return not self._git("diff-index", "--cached", "--name-only", "--ignore-submodules=all", tree)

    def _move(self, old: str, new: str) -> None:
        try:
            self._change_index("read-tree", "-m", "-u", old, new)
        except CommandError as error:
            if "not uptodate" not in error.text:
                raise
            # A copied or restored work tree: the files have other times than the index, which `read-tree` takes for edits.
            self._change_index("update-index", "--refresh", or_status=1)
            self._change_index("read-tree", "-m", "-u", old, new)

    def _change_index(self, *arguments: str, or_status: int = 0) -> None:
        try:
            self._git(*arguments, or_status=or_status)
        except CommandError as error:
            if "index.lock" in error.text:
                raise RepositoryUnavailableError(
                    f"{self._index_lock} is there: another Git is at work, or was killed"
                ) from error
            raise

    def _git(self, *arguments: str, or_status: int = 0) -> bytes:
        try:
            return run(
                ("git", *arguments),
                folder=self._folder,
                env=environment(),
                doing=f"{self._folder}: git {arguments[0]}",
            )
        except CommandError as error:
            if error.code == or_status:
                return b""
            raise
