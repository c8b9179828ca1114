"""Sign commits like `git commit -S`, so that `git verify-commit` accepts them."""

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
    """Signs commits with an SSH key or a GPG key. It holds the name of the key, not the key."""

    program: tuple[str, ...]
    key: str

    @classmethod
    def ssh(cls, key: Path) -> Self:
        """Sign with an SSH key.

        Args:
            key: the file of the private key, without a passphrase; or of the public key, if an agent has the
                private key.

        Raises:
            InputError: the file does not exist.
        """
        key = key.expanduser().absolute()
        if not key.is_file():
            raise InputError.of("signing key", "no-file", "does not exist", str(key))
        return cls(("ssh-keygen", "-Y", "sign", "-n", "git", "-f", str(key)), str(key))

    @classmethod
    def gpg(cls, key: str) -> Self:
        """Sign with a GPG key, named by its fingerprint or address like in ``user.signingKey``.

        Raises:
            InputError: the name is empty, begins with ``-`` or is not printable.
        """
        if not key or key.startswith("-") or not key.isprintable():
            raise InputError.of("signing key", "key-name", "is not the name of a GPG key", key)
        return cls(("gpg", "--batch", "--no-tty", "--status-fd=2", "-bsau", key), key)

    def sign(self, data: bytes) -> str:
        """The armoured signature of some bytes.

        Raises:
            RepositoryError: the program is missing, does not have the key, or needs a passphrase for it.
        """
        try:
            signature = run(
                self.program, env=environment(), stdin=data, time_out=_TIME_OUT, doing="signing"
            ).decode()
        except CommandError as error:
            raise RepositoryError(f"the commit cannot be signed with {self.key}: {error}") from error
        if not signature.startswith("-----BEGIN "):
            raise RepositoryError(
                f"the commit cannot be signed with {self.key}: {self.program[0]} printed no signature"
            )
        return signature
