"""The domain that one owner registered, such as ``hf.co``, by the Public Suffix List (publicsuffix.org)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

__all__ = ["registrable_domain"]


@cache
def _suffixes() -> PublicSuffixList:
    import publicsuffixlist  # noqa: PLC0415 - reads its list, which few requests need

    # Without the list's private part: below `amazonaws.com` one vendor answers, whichever customer rents a name there.
    return publicsuffixlist.PublicSuffixList(only_icann=True)


def registrable_domain(host: str) -> str | None:
    """The registered domain that a host name is or is below; None for a public suffix such as ``co.uk``."""
    domain = _suffixes().privatesuffix(host)
    return str(domain) if domain is not None else None
