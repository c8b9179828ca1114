"""Keys that sign inside a device with PKCS#11: a hardware module, a smart card, or a software token.

Needs the extra ``pkcs11``.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import unquote

import pkcs11
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pkcs11.exceptions import PKCS11Error
from pkcs11.util.ec import encode_ec_public_key

from goldenpath.errors import InputError
from goldenpath.signatures.signer import Signature
from goldenpath.signatures.signing_keys import PASSWORD, PublicKey, TrustedKeys

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Pkcs11Key", "Pkcs11Uri", "open_pkcs11_key"]

_FORM: Final = "pkcs11:token=NAME;object=NAME?module-path=/path/to/library.so"
_PART: Final = re.compile(r"([a-z][a-z-]*)=([^;&?]+)")
_PATH_PARTS: Final = frozenset({"token", "object", "type"})
_QUERY_PARTS: Final = frozenset({"module-path"})
_SECRETS: Final = frozenset({"pin-value", "pin-source"})
_HALF: Final = 32
"""The bytes of each of the two numbers of a signature on P-256."""


@dataclass(frozen=True, slots=True)
class Pkcs11Uri:
    """The address of a private key (RFC 7512): the library of the device, the token, and the label of the key."""

    token: str
    object: str
    module: str

    @classmethod
    def parse(cls, text: str, option: str = "--key") -> Self:
        """Read ``pkcs11:token=fleet;object=release?module-path=/usr/lib/softhsm/libsofthsm2.so``.

        Raises:
            InputError: a part is missing, unknown, given twice, or a secret.
        """

        def refused(message: str) -> InputError:
            # Without the value: it may hold a PIN.
            return InputError.of(option, "pkcs11-uri", f"{message}; the form is {_FORM}")

        path, _, query = text.removeprefix("pkcs11:").partition("?")
        found: dict[str, str] = {}
        for parts, known in (
            (path.split(";"), _PATH_PARTS),
            (query.split("&") if query else [], _QUERY_PARTS),
        ):
            for part in parts:
                matched = _PART.fullmatch(part)
                name = matched[1] if matched else part.partition("=")[0]
                if name in _SECRETS:
                    raise refused(
                        f"has {name}, which other users of this machine can see; set {PASSWORD} instead"
                    )
                if matched is None or name not in known or name in found:
                    raise refused(f"has the part {name!r}, which is unknown, empty or given twice")
                found[name] = unquote(matched[2])
        if found.pop("type", "private") != "private":
            raise refused("must name a private key (type=private)")
        lacking = sorted({"token", "object", "module-path"} - set(found))
        if lacking:
            raise refused(f"has no {', '.join(lacking)}")
        return cls(found["token"], found["object"], found["module-path"])


@dataclass(frozen=True, slots=True)
class Pkcs11Key:
    """A key that signs inside its device, while the session with the device is open."""

    public: PublicKey
    key: Any = field(repr=False)
    option: str = "--key"

    @property
    def trust(self) -> TrustedKeys:
        """Trusts only this key."""
        return TrustedKeys((self.public,))

    def sign(self, data: bytes) -> Signature:
        """Sign bytes. The signature is in DER, and carries the hint of the key.

        Raises:
            InputError: the device refuses.
        """
        try:
            # Not every device has ECDSA and SHA-256 in one step, so Python computes the hash.
            raw = self.key.sign(hashlib.sha256(data).digest(), mechanism=pkcs11.Mechanism.ECDSA)
        except PKCS11Error as error:
            raise InputError.of(
                self.option, "pkcs11", f"the device refuses to sign: {_named(error)}"
            ) from None
        numbers = (int.from_bytes(raw[:_HALF], "big"), int.from_bytes(raw[_HALF:], "big"))
        return Signature(encode_dss_signature(*numbers), {"publicKey": {"hint": self.public.hint}})


@contextmanager
def open_pkcs11_key(uri: Pkcs11Uri, pin: str | None, option: str = "--key") -> Iterator[Pkcs11Key]:
    """Open a session with a device, and yield a key that signs while the session is open.

    Raises:
        InputError: the library, the token or the key does not exist, the PIN is wrong, or the key is not on P-256.
    """
    advice = "" if pin else f"; set {PASSWORD} to the PIN, because a token hides its private keys without one"
    try:
        library = pkcs11.lib(uri.module)
        session = library.get_token(token_label=uri.token).open(user_pin=pin)
    except (PKCS11Error, RuntimeError, OSError) as error:
        message = f"cannot open the token {uri.token!r} with {uri.module}: {_named(error)}{advice}"
        raise InputError.of(option, "pkcs11", message) from None
    with session:
        try:
            key = _only(session, pkcs11.ObjectClass.PRIVATE_KEY, uri.object)
            public = _only(session, pkcs11.ObjectClass.PUBLIC_KEY, uri.object)
            loaded = load_der_public_key(encode_ec_public_key(public))
        except (PKCS11Error, ValueError, TypeError, KeyError) as error:
            message = f"the token {uri.token!r} must have one EC key pair {uri.object!r}, private and public"
            raise InputError.of(option, "pkcs11", f"{message}: {_named(error)}{advice}") from None
        if not isinstance(loaded, ec.EllipticCurvePublicKey) or loaded.curve.name != "secp256r1":
            raise InputError.of(option, "key", f"the key {uri.object!r} is not an ECDSA key on P-256")
        yield Pkcs11Key(PublicKey(loaded), key, option)


def _only(session: Any, kind: pkcs11.ObjectClass, label: str) -> Any:
    """The only object with a label. The search reads all, because a search that ends early outlives its session."""
    found = list(session.get_objects({pkcs11.Attribute.CLASS: kind, pkcs11.Attribute.LABEL: label}))
    if len(found) != 1:
        raise ValueError(f"{kind.name} exists {len(found)} times")
    return found[0]


def _named(error: Exception) -> str:
    """The error of a library on one line. Most of its errors have a name and no text."""
    return " ".join(f"{type(error).__name__} {error}".split())
