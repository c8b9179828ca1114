"""Patterns of credentials: none is accepted as input, and none appears in output.

The forms are those that their makers document, each with a prefix or a shape that nothing else has: a match is a
credential, and not a word that happens to be long.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["MASK", "credential_in", "without_credentials"]

MASK: Final = "[credential]"

_FORMS: Final = (
    ("a GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})"),
    ("a GitLab token", r"\bgl(?:pat|rt|dt|ptt|oas|soat|cbt)-[A-Za-z0-9_=.-]{20,255}"),
    ("an AWS access key", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    ("a Google API key", r"\bAIza[0-9A-Za-z_-]{35}"),
    ("a Slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,255}"),
    ("a Hugging Face token", r"\bhf_[A-Za-z0-9]{30,255}"),
    ("an API key", r"\bsk-(?:[a-z]+-)*[A-Za-z0-9_-]{20,255}"),
    ("a Vault token", r"\bhv[sbr]\.[A-Za-z0-9_-]{24,255}"),
    ("a JSON Web Token", r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),
    ("a private key", r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    ("an address with a password", r"(?<=://)[^\s/@:\"\\]{0,128}:[^\s/@\"\\]{1,256}(?=@)"),
    ("a bearer token", r"\b[Bb]earer +[A-Za-z0-9._~+/=-]{16,}"),
)

_ANY: Final = re.compile("|".join(f"({form})" for _, form in _FORMS))
_WORDS: Final = tuple(words for words, _ in _FORMS)

# No form matches a text without one of these. Finding a word in a text is a hundred times as fast as trying the forms,
# and an address, which many texts hold, has a form of its own to be tried.
_HINTS: Final = (
    *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    *("glpat-", "glrt-", "gldt-", "glptt-", "gloas-", "glsoat-", "glcbt-"),
    *("AKIA", "ASIA", "AIza", "xox", "hf_", "sk-", "hvs.", "hvb.", "hvr.", "eyJ", "PRIVATE KEY", "earer "),
)
_USER_INFO: Final = re.compile(r"://[^\s/@\"\\]{0,400}@")


def _may_hold_one(text: str) -> bool:
    return any(hint in text for hint in _HINTS) or ("://" in text and _USER_INFO.search(text) is not None)


def credential_in(text: str) -> str | None:
    """What kind of credential a text holds, in words; None where it holds none."""
    if not _may_hold_one(text):
        return None
    found = _ANY.search(text)
    return _WORDS[(found.lastindex or 1) - 1] if found else None


def without_credentials(text: str) -> str:
    """The text with every credential masked."""
    return _ANY.sub(MASK, text) if _may_hold_one(text) else text
