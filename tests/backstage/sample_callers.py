"""Callers with static tokens, and their settings."""

from __future__ import annotations

import hashlib
from typing import Any

ADMIN = "admin-" + "a" * 40
VISION = "vision-" + "v" * 40
SPEECH = "speech-" + "s" * 40
READER = "reader-" + "r" * 40


def _caller(name: str, token: str, role: str, *groups: str) -> dict[str, Any]:
    digest = hashlib.sha256(token.encode()).hexdigest()
    return {"name": name, "sha256": digest, "role": role, "groups": list(groups)}


TOKENS = [
    _caller("platform", ADMIN, "admin"),
    _caller("vision-ci", VISION, "requester", "vision-team"),
    _caller("speech-ci", SPEECH, "requester", "group:default/speech-team", "vision-team"),
    _caller("dashboard", READER, "reader", "vision-team"),
]
