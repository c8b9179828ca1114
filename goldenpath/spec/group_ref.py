"""Compares owners by the full reference of their group. A request may use a short form."""

from __future__ import annotations

from typing import Final

__all__ = ["group_ref", "is_same_group"]

_KIND: Final = "group"
_NAMESPACE: Final = "default"


def group_ref(name: str) -> str:
    """Return the full reference of a group in lower case: ``group:default/vision-team`` for ``vision-team``.

    Backstage ignores case in references (backstage.io, "Entity references").
    """
    kind, colon, rest = name.rpartition(":")
    namespace, slash, plain = rest.rpartition("/")
    return f"{kind if colon else _KIND}:{namespace if slash else _NAMESPACE}/{plain}".lower()


def is_same_group(one: str, other: str) -> bool:
    return group_ref(one) == group_ref(other)
