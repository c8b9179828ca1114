"""Finds the domain that one owner registered, such as ``hf.co``, with the Public Suffix List (publicsuffix.org)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

__all__ = ["registrable_domain"]


@cache
def _suffixes() -> PublicSuffixList:
    import publicsuffixlist  # noqa: PLC0415 - loads its list, which few requests need

    # Without the private part of the list: one vendor runs every server below `amazonaws.com`, whichever customer rents a name.
    return publicsuffixlist.PublicSuffixList(only_icann=True)


def registrable_domain(host: str) -> str | None:
    """Return the registered domain of a host name; None for a public suffix such as ``co.uk``."""
    domain = _suffixes().privatesuffix(host)
    return str(domain) if domain is not None else None
