"""The contexts of a kubeconfig, read without the client: its import costs more than a Tab may."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from goldenpath import kubeyaml
from goldenpath.errors import InputError

__all__ = ["context_names", "kubeconfig_files"]


def kubeconfig_files(given: str | None = None) -> tuple[Path, ...]:
    """The files that are there: as given, else of ``$KUBECONFIG`` (a list, as for a ``PATH``), else the usual one."""
    named = given or os.environ.get("KUBECONFIG") or str(Path("~/.kube/config"))
    files = (Path(name).expanduser() for name in named.split(os.pathsep) if name)
    return tuple(file for file in files if file.is_file())


def context_names(given: str | None = None) -> tuple[str, ...]:
    """Every context, in order, each once.

    Raises:
        InputError: a file is not YAML.

    """
    names: dict[str, None] = {}
    for file in kubeconfig_files(given):
        try:
            document: Any = kubeyaml.load_file(file)
        except OSError as error:
            message = f"the kubeconfig cannot be read: {error.strerror}"
            raise InputError.of("", "unreadable", message, file=str(file)) from None
        contexts = document.get("contexts") if isinstance(document, dict) else None
        for entry in contexts if isinstance(contexts, list) else ():
            if isinstance(entry, dict) and isinstance(entry.get("name"), str):
                names[entry["name"]] = None
    return tuple(names)
