"""Reads ``.gitattributes`` by Git's own rules."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.git.command import environment, run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["attribute_values"]


def attribute_values(
    attributes: bytes, names: Iterable[str], paths: Iterable[str]
) -> Iterator[tuple[str, str, str]]:
    """Yield path, attribute and value as ``git check-attr`` reports them: ``set``, ``unset``, ``unspecified`` or a text.

    Args:
        attributes: the bytes of the file. Its patterns are relative to the paths' common root.
        names: the attributes to look up.
        paths: the paths to look up; they need not exist.

    Raises:
        RepositoryError: Git cannot be run.
    """
    with tempfile.TemporaryDirectory() as name:
        # An empty repository, so that no attributes of another repository apply.
        folder = Path(name)
        env = environment((("core.attributesFile", ""),), {"GIT_ATTR_NOSYSTEM": "1"})
        run(("git", "init", "--quiet", "--bare", "--template=", "."), folder=folder, env=env)
        (folder / "info").mkdir()
        (folder / "info" / "attributes").write_bytes(attributes)
        wanted = b"".join(path.encode(errors="surrogateescape") + b"\0" for path in paths)
        command = ("git", "check-attr", "-z", "--stdin", *names)
        output = run(command, folder=folder, env=env, stdin=wanted, doing="reading .gitattributes")
    fields = output.decode(errors="surrogateescape").split("\0")[:-1]
    yield from zip(fields[::3], fields[1::3], fields[2::3], strict=True)
