"""What the commands that sign and verify artifacts have in common: who signs, and who is trusted."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.signatures.signer import Signer

__all__ = ["open_signer"]


@contextmanager
def open_signer(key: str, option: str = "--key") -> Iterator[Signer]:
    """The signer that a key names: a file, or ``pkcs11:…`` for a key in a device.

    Raises:
        InputError: the key cannot be used.

    """
    from goldenpath.signatures.signing_keys import PASSWORD, SigningKey  # noqa: PLC0415 - `--help` needs none of it

    password = os.environ.get(PASSWORD)
    if key.startswith("pkcs11:"):
        from goldenpath.signatures.pkcs11_keys import Pkcs11Uri, open_pkcs11_key  # noqa: PLC0415 - an extra

        with open_pkcs11_key(Pkcs11Uri.parse(key, option), password, option) as signer:
            yield signer
    else:
        yield SigningKey.load(Path(key), password, option)
