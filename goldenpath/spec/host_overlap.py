"""Finds host names of routes that can match the same HTTP request.

A wildcard of a route covers every name below its domain at any depth, but not the domain itself (Gateway API v1,
Hostname in HTTPRouteSpec: "a hostname prefixed with a wildcard label is interpreted as a suffix match").
"""

from __future__ import annotations

__all__ = ["covering", "is_below"]

_WILDCARD = "*."


def is_below(host: str, domain: str) -> bool:
    """Whether a host name, or every name that a wildcard covers, is the domain or below the domain."""
    bare = host.removeprefix(_WILDCARD)
    return bare == domain or bare.endswith(f".{domain}")


def covering(host: str) -> tuple[str, ...]:
    """Return the host and every wildcard that covers it."""
    labels = host.removeprefix(_WILDCARD).split(".")
    return (host, *(f"{_WILDCARD}{'.'.join(labels[start:])}" for start in range(1, len(labels))))
