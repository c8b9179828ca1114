"""A person at a real terminal: a command under a pty, read and answered step by step."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

ENTER, DOWN, SPACE, CTRL_C = "\r", "\x1b[B", " ", "\x03"
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()=>][A-Za-z0-9]?|\r")
_PATIENCE_SECONDS = 60
_ROWS_AND_COLUMNS = (50, 200)


class Terminal:
    """``goldenpath`` with arguments, on a pty; a context manager that leaves no process behind."""

    def __init__(self, *arguments: str, cwd: Path) -> None:
        self.raw = ""
        self._seen = ""
        self._read_to = 0
        self._code: int | None = None
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", *_ROWS_AND_COLUMNS, 0, 0))
            os.chdir(cwd)
            # No answer to "where is your cursor?" comes from a pty; a person's terminal gives one.
            os.environ["PROMPT_TOOLKIT_NO_CPR"] = "1"
            command = "from goldenpath.cli import main; main()"
            os.execv(sys.executable, [sys.executable, "-c", command, *arguments])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._code is None:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        os.close(self._fd)

    def expect(self, text: str) -> None:
        """Wait until the text is shown, behind what was expected before."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while (found := self._seen.find(text, self._read_to)) < 0:
            if time.monotonic() > end or not self._read(end):
                raise AssertionError(f"{text!r} was not shown; the terminal says:\n{self._seen[-3000:]}")
        self._read_to = found + len(text)

    def send(self, *keys: str) -> None:
        """Press keys."""
        for key in keys:
            os.write(self._fd, key.encode())

    def wait(self) -> int:
        """Read to the end; the exit code."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while self._read(end):
            pass
        self._code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return self._code

    @property
    def text(self) -> str:
        """Everything that was shown, without control sequences."""
        return self._seen

    def _read(self, end: float) -> bool:
        ready, _, _ = select.select([self._fd], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self._fd, 65536)
        except OSError:  # Linux: the other side is gone
            return False
        self.raw += (text := data.decode(errors="replace"))
        self._seen += _CONTROL.sub("", text)
        return bool(data)
