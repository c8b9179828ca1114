"""The sources of an engine as syntax trees, and an argument of its server. No code of an engine is imported or run."""

from __future__ import annotations

import ast
import hashlib
import zipfile
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["UNKNOWN", "Field", "Module", "SourceArgument", "Sources", "python_files"]

UNKNOWN: Final = object()
"""A value that only a running engine knows."""


@dataclass
class SourceArgument:
    """One argument. ``default`` and ``choices`` are set only if the source states them literally."""

    name: str
    type: str
    aliases: list[str] = field(default_factory=list)
    choices: list[Any] | None = None
    default: Any = UNKNOWN
    deprecated: bool = False
    instead: str | None = None

    def facts(self) -> dict[str, Any]:
        """The argument as the catalogue writes it, without empty fields."""
        found: dict[str, Any] = {"name": self.name, "type": self.type}
        if self.aliases:
            found["aliases"] = self.aliases
        if self.choices:
            found["choices"] = self.choices
        if self.default is not UNKNOWN and self.default is not None:
            found["default"] = self.default
        if self.deprecated:
            found["deprecated"] = True
            if self.instead:
                found["instead"] = self.instead
        return found


@dataclass(frozen=True)
class Field:
    """A field of a class: its annotation, its value, and the text after it."""

    annotation: ast.expr
    value: ast.expr | None
    text: str


class Module:
    """One source file as a syntax tree."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self.sha256 = hashlib.sha256(data).hexdigest()
        self.tree = ast.parse(data)

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        return {node.name: node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef)}

    @cached_property
    def values(self) -> dict[str, ast.expr]:
        """The first value of each name that the module assigns."""
        found: dict[str, ast.expr] = {}
        for node in ast.walk(self.tree):
            if (
                isinstance(node, ast.Assign)
                and len(node.targets) == 1
                and isinstance(node.targets[0], ast.Name)
            ):
                found.setdefault(node.targets[0].id, node.value)
            elif isinstance(node, ast.AnnAssign) and node.value and isinstance(node.target, ast.Name):
                found.setdefault(node.target.id, node.value)
        return found

    @cached_property
    def imports(self) -> dict[str, tuple[str, str]]:
        found = {}
        package = self.name.rsplit(".", 1)[0]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    parents = self.name.split(".")[: -node.level]
                    base = ".".join([*parents, base] if base else parents)
                for alias in node.names:
                    found[alias.asname or alias.name] = (base or package, alias.name)
        return found


class Sources:
    """The modules of an engine in wheels or folders. Each module is parsed at its first use."""

    def __init__(self, places: Sequence[Path]) -> None:
        self._files: dict[str, bytes] = {}
        self._modules: dict[str, Module | None] = {}
        for place in places:
            self._files.update(python_files(place))
        self.read: dict[str, str] = {}

    def module(self, name: str) -> Module | None:
        """A module by its dotted name; None for an unknown module."""
        if name not in self._modules:
            stem = name.replace(".", "/")
            path = next((p for p in (f"{stem}.py", f"{stem}/__init__.py") if p in self._files), None)
            self._modules[name] = Module(name, self._files[path]) if path else None
            if path:
                self.read[path] = hashlib.sha256(self._files[path]).hexdigest()
        return self._modules[name]

    def names(self, pattern: str) -> list[str]:
        """The modules of a package (``a.b.*``), or the module of that name."""
        if not pattern.endswith(".*"):
            return [pattern]
        folder = pattern[:-2].replace(".", "/")
        found = (path[:-3].replace("/", ".") for path in self._files if path.rpartition("/")[0] == folder)
        return sorted(name for name in found if not name.endswith(".__init__"))

    def resolve(self, module: Module, name: str) -> tuple[Module, Any] | None:
        """The class or value of a name in a module, resolved through imports."""
        for _ in range(12):
            if name in module.classes:
                return module, module.classes[name]
            if name in module.values:
                return module, module.values[name]
            if name not in module.imports:
                return None
            place, name = module.imports[name]
            following = self.module(place)
            if following is None:
                return None
            module = following
        return None


def python_files(place: Path) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of each Python file in a folder or a wheel."""
    if place.is_dir():
        for file in place.rglob("*.py"):
            yield file.relative_to(place).as_posix(), file.read_bytes()
        return
    with zipfile.ZipFile(place) as wheel:
        for name in wheel.namelist():
            if name.endswith(".py") and ".data/" not in name:
                yield name, wheel.read(name)
