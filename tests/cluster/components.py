"""Parts of the control plane: the table ``assets/versions.toml``, and the place of each part on this machine.

Standard library only: ``build_assets.py`` runs before there is a virtual environment.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ASSETS = Path(__file__).parent / "assets"
TABLE = ASSETS / "versions.toml"


@dataclass(frozen=True)
class Component:
    """One project at one version; ``assets/versions.toml`` says what each field is."""

    name: str
    module: str
    version: str
    build: dict[str, str]
    crds: str = ""
    files: tuple[str, ...] = ()
    sum: str = ""
    cgo: bool = False
    schemas: str = ""

    @property
    def source(self) -> Path:
        """Our module that it is built from."""
        return ASSETS / self.name

    @property
    def folder(self) -> Path:
        """The folder of its programs."""
        if self.name == "kubernetes":
            return kubernetes()
        return _cache() / f"{self.name}-{self.version}"

    def program(self, name: str = "") -> Path:
        return self.folder / (name or self.name)

    def missing(self) -> list[str]:
        """Which of its programs are not there."""
        return [name for name in self.build if not os.access(self.program(name), os.X_OK)]


@cache
def components() -> dict[str, Component]:
    """The table, by name."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {
        name: Component(name, **{"build": {}} | entry | {"files": tuple(entry.get("files", ()))})
        for name, entry in table.items()
    }


def kubernetes() -> Path:
    """The folder of kube-apiserver, etcd and the rest, as controller developers know it, or where ours are built."""
    if given := os.environ.get("KUBEBUILDER_ASSETS"):
        return Path(given)
    return _cache() / components()["kubernetes"].version


def from_modules() -> Path:
    """The folder of what is taken out of the modules: CRDs as ``<name>.yaml``, and other files as they are there.

    Its name is of the whole table: with another version of anything it is another folder.
    """
    digest = hashlib.sha256(TABLE.read_bytes()).hexdigest()
    return _cache() / f"modules-{digest[:12]}"


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "goldenpath" / "cluster-assets"
