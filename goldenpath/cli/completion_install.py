"""Installs the completion script of a shell, and adds the line that loads it to the shell's start-up file."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from goldenpath.file_output import write_files
from goldenpath.manifests import RenderedFile

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Installed", "install"]

_MARK: Final = "# completion of goldenpath"


@dataclass(frozen=True, slots=True)
class Installed:
    """The file with the script, and the start-up file that got a new line, if any."""

    script: Path
    start_up: Path | None


def install(shell: str, script: str, environment: Mapping[str, str] = os.environ) -> Installed:
    """Write the completion script of a shell to the user's folders, so that the next shell loads it.

    Fish finds the script by itself. For bash and zsh, one line is added to ``~/.bashrc`` or ``.zshrc``, once.
    """
    home = Path.home()
    data = Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share")
    if shell == "fish":
        config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
        return Installed(_written(config / "fish" / "completions" / "goldenpath.fish", script), None)
    if shell == "zsh":
        file = _written(data / "goldenpath" / "zsh" / "_goldenpath", script)
        line = f"fpath+=({shlex.quote(str(file.parent))}); autoload -Uz compinit && compinit"
        start_up = Path(environment.get("ZDOTDIR") or home) / ".zshrc"
    else:
        file = _written(data / "goldenpath" / "completion.bash", script)
        line = f"source {shlex.quote(str(file))}"
        start_up = home / ".bashrc"
    return Installed(file, start_up if _append_once(start_up, f"{line}  {_MARK}") else None)


def _written(file: Path, text: str) -> Path:
    write_files(file.parent, [RenderedFile(file.name, text)])
    return file


def _append_once(file: Path, line: str) -> bool:
    """Append a line, unless the file has it; return whether it was appended."""
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    if line in text.splitlines():
        return False
    between = "\n" if text and not text.endswith("\n") else ""
    with file.open("a", encoding="utf-8") as output:
        output.write(f"{between}{line}\n")
    return True
