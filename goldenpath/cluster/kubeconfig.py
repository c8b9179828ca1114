"""Reads the contexts of a kubeconfig without the Kubernetes client, whose import is too slow for shell completion."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from goldenpath import kubeyaml
from goldenpath.errors import InputError

__all__ = ["context_names", "kubeconfig_files"]


def kubeconfig_files(given: str | None = None) -> tuple[Path, ...]:
    """Return the files that exist: those given, else of ``$KUBECONFIG`` (a list, like ``PATH``), else the usual one."""
    named = given or os.environ.get("KUBECONFIG") or str(Path("~/.kube/config"))
    files = (Path(name).expanduser() for name in named.split(os.pathsep) if name)
    return tuple(file for file in files if file.is_file())


def context_names(given: str | None = None) -> tuple[str, ...]:
    """Return the names of all contexts, in order, without duplicates.

    Raises:
        InputError: a file cannot be read, or is not YAML.
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
