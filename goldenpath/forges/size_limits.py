"""Fit the body and the title of a pull request into the limits of a forge."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["fit_body", "fit_title", "same_text"]

_FENCE: Final = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)
_DETAILS: Final = re.compile(r"<(/?)details\b", re.IGNORECASE)
_ROOM_TO_CLOSE: Final = 400


def fit_body(body: str, limit: int) -> str:
    """Cut ``body`` to at most ``limit`` UTF-16 code units, the unit in which forges count.

    The cut is at the end of a line. It closes an open code block or fold, and adds a line with the number of missing
    lines.
    """
    if _length(body) <= limit:
        return body
    kept = _first(body, limit - _ROOM_TO_CLOSE)
    kept = kept[: kept.rfind("\n") + 1] or kept + "\n"
    missing = body.count("\n", len(kept)) + 1
    closing = _closing(kept)
    if len(closing) > _ROOM_TO_CLOSE // 2:  # Hundreds of open folds do not come from a plan.
        closing = ""
    return f"{kept}{closing}\n*{missing} more lines do not fit here. `goldenpath plan` shows all of them.*\n"


def fit_title(title: str, limit: int) -> str:
    """``title`` as one line of at most ``limit`` characters."""
    line = " ".join(title.split())
    return line if _length(line) <= limit else _first(line, limit - 1).rstrip() + "…"


def same_text(one: str | None, other: str | None) -> bool:
    """Whether two texts are equal apart from line ends and surrounding space, which forges change."""
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
    """The text that closes the code block and the folds that are open at the end of ``text``."""
    fence = ""
    for match in _FENCE.finditer(text):
        mark = match[1]
        if not fence:
            fence = mark
        elif mark[0] == fence[0] and len(mark) >= len(fence):
            fence = ""
    opened = sum(-1 if match[1] else 1 for match in _DETAILS.finditer(text))
    return (f"{fence}\n" if fence else "") + "</details>\n" * max(0, opened)
