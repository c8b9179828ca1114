"""The modeline of the YAML language server: the first line of a request, which names its schema for an editor.

The line names a file of the installed package, so that it needs no network and has the version that checks the request.
The path is valid on one machine only, so requests in a repository have no modeline.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from goldenpath.paths import GoldenPath

__all__ = ["modeline", "schema_location", "without_modeline"]

_OF_THIS_MACHINE: Final = re.compile(r"\A# yaml-language-server: \$schema=file://\S*\r?\n")


def schema_location(path: GoldenPath) -> Path | None:
    """The file with the JSON Schema of a built-in golden path, in the installed package or in the docs of a checkout.

    None for an organisation's own golden path, whose schema `goldenpath schema` prints.
    """
    from goldenpath.describe.reference import schema_file  # noqa: PLC0415 - loads what a publish does not need
    from goldenpath.paths import builtin_folder  # noqa: PLC0415

    if not path.folder.is_relative_to(builtin_folder()):
        return None
    package = Path(__file__).resolve().parent.parent
    folders = (package / "_schemas", package.parent / "docs" / "reference" / "schemas")
    return next((file for folder in folders if (file := folder / schema_file(path)).is_file()), None)


def modeline(path: GoldenPath) -> str:
    """The modeline for a request of a golden path, with a line break; empty if there is no schema file."""
    file = schema_location(path)
    return "" if file is None else f"# yaml-language-server: $schema={file.as_uri()}\n"


def without_modeline(text: str) -> str:
    """A request without a modeline of this machine; a modeline with a URL stays."""
    return _OF_THIS_MACHINE.sub("", text, count=1)
