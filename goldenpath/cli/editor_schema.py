"""The first line of a request that shows an editor its schema: a modeline of the YAML language server.

It names a file of the installed package, so that it works without a network and is of the version that will check the
request. Such a path means something on one machine only: what goes to a repository has no modeline.
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
    """The JSON Schema of a built-in golden path, as a file: inside an installed package, in the docs of a checkout.

    None for a golden path of an organisation: `goldenpath schema` prints its schema.
    """
    from goldenpath.describe.reference import schema_file  # noqa: PLC0415 - loads what a publish does not need
    from goldenpath.paths import builtin_folder  # noqa: PLC0415

    if not path.folder.is_relative_to(builtin_folder()):
        return None
    package = Path(__file__).resolve().parent.parent
    folders = (package / "_schemas", package.parent / "docs" / "reference" / "schemas")
    return next((file for folder in folders if (file := folder / schema_file(path)).is_file()), None)


def modeline(path: GoldenPath) -> str:
    """The line for a request of a golden path, with its line break; empty where the schema is not in a file."""
    file = schema_location(path)
    return "" if file is None else f"# yaml-language-server: $schema={file.as_uri()}\n"


def without_modeline(text: str) -> str:
    """A request without the modeline of a machine; one that names a URL stays."""
    return _OF_THIS_MACHINE.sub("", text, count=1)
