"""Move a branch that a work tree has checked out, together with the files.

This works like a push with ``receive.denyCurrentBranch=updateInstead``, but survives a kill: lock the ref, move the
files, move the ref. A process that dies in between leaves a note of the move in Git's folder, and the next move first
restores the files.
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
    """The work trees that have a branch checked out, linked ones included."""
    if repository.bare and not (repository.common_dir / "worktrees").is_dir():
        return []
    listing = repository.git("worktree", "list", "--porcelain").decode(errors="surrogateescape")
    blocks = [block.splitlines() for block in listing.split("\n\n")]
    return [Path(lines[0].removeprefix("worktree ")) for lines in blocks if f"branch {ref}" in lines]


def move_with_files(
    repository: Repository, updates: Sequence[RefUpdate], folders: dict[str, list[Path]]
) -> None:
    """Move refs, all or none, and the files of the work trees that have them checked out.

    Args:
        repository: the repository of the refs.
        updates: the moves.
        folders: the work trees by ref.

    Raises:
        RefMovedError: a ref is not at ``old``.
        RepositoryUnavailableError: another process holds the lock of a ref or the index, or was killed and left it.
        RepositoryError: a work tree has uncommitted changes, or an untracked file in the way; nothing moved.
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
    """Moves the files and the index of one work tree from one commit to another."""

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
        options = ("-z", "--no-renames", "--untracked-files=no", "--ignore-submodules=all")
        rows = self._git("status", "--porcelain", *options)
        names = [row[3:].decode(errors="replace") for row in rows.split(b"\0") if row]
        if names:
            more = f" and {len(names) - _SHOWN_FILES} more" if len(names) > _SHOWN_FILES else ""
            raise RepositoryError(
                f"{self._folder} has uncommitted changes: {', '.join(names[:_SHOWN_FILES])}{more}; "
                "commit or undo them first"
            )

    def forward(self) -> None:
        self._note.write_text(f"{self._old} {self._new}\n")
        self._move(self._old, self._new)

    def recover(self) -> None:
        """Restore the files if an earlier move stopped before its ref moved."""
        try:
            note = _NOTE_FORM.fullmatch(self._note.read_text())
        except FileNotFoundError:
            return
        if self._index_lock.exists():
            raise self._index_is_locked()
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
            # In a copied or restored work tree the file times differ from the index; `read-tree` takes that for edits.
            self._change_index("update-index", "--refresh", or_status=1)
            self._change_index("read-tree", "-m", "-u", old, new)

    def _change_index(self, *arguments: str, or_status: int = 0) -> None:
        try:
            self._git(*arguments, or_status=or_status)
        except CommandError as error:
            if "index.lock" in error.text:
                raise self._index_is_locked() from error
            raise

    def _index_is_locked(self) -> RepositoryUnavailableError:
        return RepositoryUnavailableError(
            f"{self._index_lock} exists: another Git process is running, or was killed; remove the file if none runs"
        )

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
