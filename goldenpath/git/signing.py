"""Signed commits, as `git commit -S` makes them and `git verify-commit` reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from goldenpath.errors import InputError, RepositoryError
from goldenpath.git.command import CommandError, environment, run

if TYPE_CHECKING:
    from pathlib import Path

_TIME_OUT = 60


@dataclass(frozen=True, slots=True)
class CommitSigner:
    """Signs commits with an SSH key or a GPG key. Keys stay with their programs: only their names are here."""

    program: tuple[str, ...]
    key: str

    @classmethod
    def ssh(cls, key: Path) -> Self:
        """Sign with an SSH key.

        Args:
            key: the file of the private key, without a passphrase; or of the public key, where an agent has the
                private one.

        Raises:
            InputError: there is no such file.

        """
        key = key.expanduser().absolute()
        if not key.is_file():
            raise InputError.of("signing key", "no-file", "there is no such file", str(key))
        return cls(("ssh-keygen", "-Y", "sign", "-n", "git", "-f", str(key)), str(key))

    @classmethod
    def gpg(cls, key: str) -> Self:
        """Sign with a GPG key, named by its fingerprint or address, as ``user.signingKey`` is.

        Raises:
            InputError: it cannot be a key's name.

        """
        if not key or key.startswith("-") or not key.isprintable():
            raise InputError.of("signing key", "key-name", "is not a name of a GPG key", key)
        return cls(("gpg", "--batch", "--no-tty", "--status-fd=2", "-bsau", key), key)

    def sign(self, data: bytes) -> str:
        """The signature of some bytes, armoured.

        Raises:
            RepositoryError: the program is missing, or has no such key, or cannot use it without a passphrase.

        """
        try:
            signature = run(
                self.program, env=environment(), stdin=data, time_out=_TIME_OUT, doing="signing"
            ).decode()
        except CommandError as error:
            raise RepositoryError(f"the commit cannot be signed with {self.key}: {error}") from error
        if not signature.startswith("-----BEGIN "):
            raise RepositoryError(
                f"the commit cannot be signed with {self.key}: {self.program[0]} gave no signature"
            )
        return signature
