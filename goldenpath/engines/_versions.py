"""Versions of engines: ``0.12.0``, ``v0.10.1.1``, ``0.5.10.post1``, ``1.3.0rc22``, ``b9842``, ``0.33.0+cu130``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

__all__ = ["EngineVersion"]

_PATTERN: Final = re.compile(
    r"[vb]?(?P<release>[0-9]{1,9}(?:\.[0-9]{1,9}){0,3})"
    r"(?:rc[0-9]{1,9})?(?:\.post(?P<post>[0-9]{1,9}))?(?:\+[A-Za-z0-9.]{1,40})?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, order=True)
class EngineVersion:
    """A version of an engine, for comparison. A post-release comes after its release.

    A release candidate equals its release, because the metrics are final before the last candidate. A local build
    (``+cu130``) equals its release too.
    """

    _key: tuple[int, ...]
    text: str = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> EngineVersion:
        """Parse a version.

        Raises:
            ValueError: the text is not a version.
        """
        match = _PATTERN.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a version such as 0.12.0 or b9842")
        release = [int(part) for part in match["release"].split(".")]
        padded = [*release, *[0] * (4 - len(release))]
        return cls((*padded, int(match["post"] or 0)), text)

    def within(self, first: EngineVersion, last: EngineVersion) -> bool:
        """Whether this version is in a range. Post-releases of the last version are inside."""
        return first._key <= self._key and self._key[:-1] <= last._key[:-1]

    def __str__(self) -> str:
        return self.text
