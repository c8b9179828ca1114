"""Signed commits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path


class Signer:
    """Signs commits with an SSH key or a GPG key, as Git does."""

    @classmethod
    def ssh(cls, key: Path) -> Self:
        raise NotImplementedError

    @classmethod
    def gpg(cls, key: str) -> Self:
        raise NotImplementedError

    def sign(self, data: bytes) -> str:
        raise NotImplementedError
