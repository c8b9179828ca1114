"""Build the trees that a change of files needs, and no others."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from goldenpath.errors import InputError, Problem
from goldenpath.git.objects import EMPTY_TREE, FILE_MODE, TreeEntry, change_tree, object_id
from goldenpath.git.path_names import path_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_EXECUTABLE_MODE: Final = 0o100755


@dataclass(slots=True)
class _Node:
    """The changes at one name: a file (if ``given``), and the changes below it as a folder."""

    given: bool = False
    blob: str | None = None
    below: dict[str, _Node] = field(default_factory=dict)


@dataclass(slots=True)
class Changed:
    """The result of a change.

    Attributes:
        tree: the id of the new tree, or of the old one if nothing changed.
        trees: id, entries and bytes of each new tree.
        placed: the blobs at paths that did not have them before.
    """

    tree: str
    trees: list[tuple[str, Mapping[str, TreeEntry], bytes]] = field(default_factory=list)
    placed: set[str] = field(default_factory=set)


@dataclass(slots=True)
class TreeChange:
    """Changes the files of a tree. ``entries`` returns the entries of a tree, ``read`` its bytes."""

    entries: Callable[[str], Mapping[str, TreeEntry]]
    read: Callable[[str], bytes]
    _changed: Changed = field(init=False)
    _problems: list[Problem] = field(default_factory=list, init=False)

    def apply(self, tree: str, files: Mapping[str, str | None]) -> Changed:
        """Put these blobs at these paths of a tree; None removes a file.

        Raises:
            InputError: with every invalid path, and every clash of a file with a folder.
        """
        self._changed = Changed(tree)
        root = _Node()
        for path, blob in files.items():
            problem = path_problem(path)
            if problem:
                self._problems.append(problem)
                continue
            node = root
            for name in path.split("/"):
                node = node.below.get(name) or node.below.setdefault(name, _Node())
            node.given, node.blob = True, blob
        self._changed.tree = self._folder(tree, root, "")
        if self._problems:
            raise InputError(self._problems)
        return self._changed

    def _folder(self, tree: str, node: _Node, path: str) -> str:
        before = self.entries(tree)
        changes: dict[str, TreeEntry | None] = {}
        for name, child in node.below.items():
            old = before.get(name)
            entry = self._entry(old, child, f"{path}{name}")
            if entry != old:
                changes[name] = entry
        if not changes:
            return tree
        after, data = change_tree(before, changes, lambda: self.read(tree))
        if not after:
            return EMPTY_TREE
        identity = object_id("tree", data)
        self._changed.trees.append((identity, MappingProxyType(after), data))
        return identity

    def _entry(self, old: TreeEntry | None, node: _Node, path: str) -> TreeEntry | None:
        """The new entry of a name: a file, a folder, or None."""
        is_folder = old is not None and old.is_tree
        if node.given and node.blob is None and is_folder and not node.below:
            self._problems.append(Problem(path, "folder", "is a folder; remove the files in it"))
            return old
        folder = old.id if old is not None and is_folder else EMPTY_TREE
        if node.below:
            folder = self._folder(folder, node, f"{path}/")
        file = None if is_folder else old
        if node.given:
            file = None if node.blob is None else TreeEntry(_mode(file), node.blob)
        if file is not None and folder != EMPTY_TREE:
            self._problems.append(Problem(path, "file-and-folder", "would be a file and a folder at once"))
            return old
        if file is not None:
            if old is None or old.id != file.id:
                self._changed.placed.add(file.id)
            return file
        if folder == EMPTY_TREE:
            # An empty folder that the tree has already stays.
            return old if is_folder and old is not None and old.id == EMPTY_TREE and not node.below else None
        return TreeEntry.of_tree(folder)


def _mode(old: TreeEntry | None) -> int:
    return _EXECUTABLE_MODE if old is not None and old.mode == _EXECUTABLE_MODE else FILE_MODE
