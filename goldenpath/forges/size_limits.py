"""Fitting a body and a title into what a forge takes."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["fit_body", "fit_title", "same_text"]

_FENCE: Final = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)
_DETAILS: Final = re.compile(r"<(/?)details\b", re.IGNORECASE)
_ROOM_TO_CLOSE: Final = 400


def fit_body(body: str, limit: int) -> str:
    """``body`` in at most ``limit`` characters, counted as the forges do that count in UTF-16.

    A cut is made where a line ends; a code block or a fold that is open there is closed, and a last line says
    how much is missing.
    """
    if _length(body) <= limit:
        return body
    kept = _first(body, limit - _ROOM_TO_CLOSE)
    kept = kept[: kept.rfind("\n") + 1] or kept + "\n"
    missing = body.count("\n", len(kept)) + 1
    closing = _closing(kept)
    if len(closing) > _ROOM_TO_CLOSE // 2:  # hundreds of open folds are no plan of ours
        closing = ""
    return f"{kept}{closing}\n*{missing} more lines do not fit here. `goldenpath plan` shows all of them.*\n"


def fit_title(title: str, limit: int) -> str:
    """``title`` as one line of at most ``limit`` characters."""
    line = " ".join(title.split())
    return line if _length(line) <= limit else _first(line, limit - 1).rstrip() + "…"


def same_text(one: str | None, other: str | None) -> bool:
    """Whether two texts are one to a reader: forges change line ends, and drop space at the end."""
    return _plain(one) == _plain(other)


def _plain(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n").strip()


def _length(text: str) -> int:
    return len(_utf16(text)) // 2


def _first(text: str, units: int) -> str:
    return _utf16(text)[: units * 2].decode("utf-16-le", "ignore")


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-le", "replace")


def _closing(text: str) -> str:
    """What closes the code block and the folds that are open at the end of ``text``."""
    fence = ""
    for match in _FENCE.finditer(text):
        mark = match[1]
        if not fence:
            fence = mark
        elif mark[0] == fence[0] and len(mark) >= len(fence):
            fence = ""
    opened = sum(-1 if match[1] else 1 for match in _DETAILS.finditer(text))
    return (f"{fence}\n" if fence else "") + "</details>\n" * max(0, opened)
