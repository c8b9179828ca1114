"""What proves to a remote who we are, kept out of sight."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and a password or token (https), or a key (ssh). Without any, Git's own helpers and agents are asked."""

    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ssh_key: Path | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        raise NotImplementedError
