"""A group's full reference, by which owners are compared: a request may write it in a short form."""

from __future__ import annotations

from typing import Final

__all__ = ["group_ref", "is_same_group"]

_KIND: Final = "group"
_NAMESPACE: Final = "default"


def group_ref(name: str) -> str:
    """A group as Backstage compares groups: ``vision-team`` is ``group:default/vision-team``.

    Case does not count (backstage.io, "Entity references").
    """
    kind, colon, rest = name.rpartition(":")
    namespace, slash, plain = rest.rpartition("/")
    return f"{kind if colon else _KIND}:{namespace if slash else _NAMESPACE}/{plain}".lower()


def is_same_group(one: str, other: str) -> bool:
    """Whether two references mean one group."""
    return group_ref(one) == group_ref(other)
