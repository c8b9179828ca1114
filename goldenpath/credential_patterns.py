"""Patterns of credentials, which are refused in input and masked in output.

The patterns follow the issuers' documentation. Each has a unique prefix or shape, so a match is a credential and not
just a long word.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["MASK", "credential_in", "without_credentials"]

MASK: Final = "[credential]"

_PATTERNS: Final = (
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

_ANY: Final = re.compile("|".join(f"({pattern})" for _, pattern in _PATTERNS))
_NAMES: Final = tuple(name for name, _ in _PATTERNS)

# Every pattern except the one for addresses needs one of these texts. A search for them is a hundred times as fast as
# the patterns. Many texts hold an address, so it has a quick pattern of its own.
_HINTS: Final = (
    *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    *("glpat-", "glrt-", "gldt-", "glptt-", "gloas-", "glsoat-", "glcbt-"),
    *("AKIA", "ASIA", "AIza", "xox", "hf_", "sk-", "hvs.", "hvb.", "hvr.", "eyJ", "PRIVATE KEY", "earer "),
)
_USER_INFO: Final = re.compile(r"://[^\s/@\"\\]{0,400}@")


def _may_hold_credential(text: str) -> bool:
    return any(hint in text for hint in _HINTS) or ("://" in text and _USER_INFO.search(text) is not None)


def credential_in(text: str) -> str | None:
    """Return the kind of credential in a text, such as ``a GitHub token``; None if it holds none."""
    if not _may_hold_credential(text):
        return None
    found = _ANY.search(text)
    return _NAMES[(found.lastindex or 1) - 1] if found else None


def without_credentials(text: str) -> str:
    """Return the text with every credential masked."""
    return _ANY.sub(MASK, text) if _may_hold_credential(text) else text
