"""The options of commands that sign or verify artifacts, and the signer and trust that they name."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.base_command import file_option, repeatable_option, together
from goldenpath.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goldenpath.signatures.signer import Signer, Trust

__all__ = [
    "chosen_trust",
    "open_provenance_signer",
    "open_signer",
    "provenance_signer_options",
    "provenance_trust",
    "provenance_trust_options",
    "signer_options",
    "trust_options",
]

_FILE = click.Path(dir_okay=False, path_type=Path)
_URI = re.compile(r"[a-z][a-z0-9+.-]*:[\x21-\x7e]{1,500}")
_EXPRESSION = re.compile(r"^\^|\$$|\\|\.[*+]")


signer_options = together(
    click.option(
        "--key",
        required=True,
        metavar="FILE|pkcs11:…",
        help="The private key that signs, ECDSA on P-256: a PEM file, or pkcs11:token=…;object=…?module-path=… for "
        "a key in a device. GOLDENPATH_SIGNING_KEY_PASSWORD decrypts an encrypted key, and is the PIN of a device.",
    ),
    file_option(
        "--certificate",
        help="The certificate (PEM) of a short-lived key, as Fulcio issues it; it names the signer.",
    ),
    click.option(
        "--timestamp-authority",
        metavar="URL",
        help="With --certificate: the source of RFC 3161 time stamps. A signature without one expires with the certificate.",
    ),
    file_option(
        "--trusted-root",
        help="With --certificate: trusted_root.json, which verifies each signature before it is stored.",
    ),
)
"""``--key``, and the options of a certificate that names the signer."""

trust_options = together(
    repeatable_option(
        "--key", "key_files", type=_FILE, metavar="FILE", help="A trusted public key: PEM, ECDSA on P-256"
    ),
    click.option(
        "--certificate-identity",
        metavar="URI|E-MAIL",
        help="Instead of --key: the exact identity of the signer, such as spiffe://example.org/ns/ci/sa/release.",
    ),
    click.option(
        "--certificate-issuer",
        metavar="URL",
        help="With --certificate-identity: the exact issuer of the identity.",
    ),
    file_option(
        "--trusted-root",
        help="With --certificate-identity: trusted_root.json with the certificate and timestamp authorities.",
    ),
)
"""``--key`` of trusted keys, and the options of a trusted identity."""


provenance_signer_options = together(
    click.option(
        "--provenance-key",
        metavar="FILE|pkcs11:…",
        help="Attach SLSA provenance to each artifact, signed by this key, which must not be the key of artifacts.",
    ),
    click.option(
        "--builder",
        metavar="URI",
        help="With --provenance-key: the URI of the platform that renders, such as the CI's.",
    ),
)
"""``--provenance-key`` and ``--builder`` of a command that signs."""

provenance_trust_options = together(
    repeatable_option(
        "--provenance-key",
        "provenance_files",
        type=_FILE,
        metavar="FILE",
        help="Demand SLSA provenance signed by this public key, which must not be --key",
    ),
    click.option(
        "--builder",
        metavar="URI",
        help="With --provenance-key: the exact URI of the platform that must have rendered.",
    ),
)
"""``--provenance-key`` and ``--builder`` of a command that verifies."""


@contextmanager
def open_provenance_signer(key: str | None, builder: str | None, signer: Signer) -> Iterator[Signer | None]:
    """Open the signer of provenance; None if its options are not set.

    Raises:
        InputError: the key cannot be used, also signs artifacts, or an option is missing.
    """
    if key is None and builder is None:
        yield None
        return
    _check_builder(key, builder)
    with open_signer(str(key), "--provenance-key") as provenance:
        if provenance.trust == signer.trust:
            raise _same_key()
        yield provenance


def provenance_trust(files: Sequence[Path], builder: str | None, key_files: Sequence[Path]) -> Trust | None:
    """The keys that may sign provenance; None if the options are not set.

    Raises:
        InputError: a key cannot be used, also signs artifacts, or an option is missing.
    """
    if not files and builder is None:
        return None
    _check_builder(files, builder)
    from goldenpath.signatures.signing_keys import PublicKey, TrustedKeys  # noqa: PLC0415 - needs an extra

    keys = tuple(PublicKey.load(file, "--provenance-key") for file in files)
    if {key.hint for key in keys} & {PublicKey.load(file).hint for file in key_files}:
        raise _same_key()
    return TrustedKeys(keys)


def _check_builder(key: object, builder: str | None) -> None:
    if problems := list(_missing_options({"--provenance-key": key, "--builder": builder})):
        raise InputError(problems)
    if not _URI.fullmatch(builder or ""):
        message = "must be a URI, such as https://ci.example.org/fleet"
        raise InputError.of("--builder", "uri", message, builder)


def _same_key() -> InputError:
    message = (
        "also signs artifacts; use another key: Flux and cosign accept everything that the key of artifacts signs as a "
        "signature of the artifact"
    )
    return InputError.of("--provenance-key", "same-key", message)


@contextmanager
def open_signer(
    key: str,
    option: str = "--key",
    *,
    certificate: Path | None = None,
    timestamp_authority: str | None = None,
    trusted_root: Path | None = None,
) -> Iterator[Signer]:
    """Open the signer of a key file or of a key in a device (``pkcs11:…``), with its certificate if one is given.

    Raises:
        InputError: the key or the certificate cannot be used.
    """
    from goldenpath.signatures.signing_keys import PASSWORD, SigningKey  # noqa: PLC0415 - `--help` needs none of it

    password = os.environ.get(PASSWORD)
    if key.startswith("pkcs11:"):
        from goldenpath.signatures.pkcs11_keys import Pkcs11Uri, open_pkcs11_key  # noqa: PLC0415 - an extra

        with open_pkcs11_key(Pkcs11Uri.parse(key, option), password, option) as held:
            yield _certified(held, certificate, timestamp_authority, trusted_root)
    else:
        loaded = SigningKey.load(Path(key), password, option)
        yield _certified(loaded, certificate, timestamp_authority, trusted_root)


def chosen_trust(
    key_files: Sequence[Path],
    *,
    certificate_identity: str | None = None,
    certificate_issuer: str | None = None,
    trusted_root: Path | None = None,
) -> Trust:
    """The trusted keys, or the one trusted identity.

    Raises:
        InputError: neither or both are given, an option is missing, or a file cannot be used.
    """
    identity = {
        "--certificate-identity": certificate_identity,
        "--certificate-issuer": certificate_issuer,
        "--trusted-root": trusted_root,
    }
    if not any(identity.values()):
        if not key_files:
            message = (
                "is required: give the public key of the signer, or --certificate-identity for an identity"
            )
            raise InputError.of("--key", "missing", message)
        from goldenpath.signatures.signing_keys import PublicKey, TrustedKeys  # noqa: PLC0415 - needs an extra

        return TrustedKeys(tuple(map(PublicKey.load, key_files)))
    problems = list(_missing_options(identity))
    if key_files:
        message = "excludes --certificate-identity; trust either keys or one identity"
        problems.append(Problem("--key", "not-both", message))
    for option, value in (
        ("--certificate-identity", certificate_identity),
        ("--certificate-issuer", certificate_issuer),
    ):
        if value and _EXPRESSION.search(value):
            message = "looks like a regular expression, but is compared exactly; write the identity itself"
            problems.append(Problem(option, "expression", message, value))
    if problems or not (certificate_identity and certificate_issuer and trusted_root):
        raise InputError(problems)
    from goldenpath.signatures.identities import SignerIdentity, TrustedIdentities  # noqa: PLC0415 - an extra
    from goldenpath.signatures.trusted_root import TrustedRoot  # noqa: PLC0415

    root = TrustedRoot.load(trusted_root)
    return TrustedIdentities(root, (SignerIdentity(certificate_identity, certificate_issuer),))


def _certified(
    key: Signer, certificate: Path | None, timestamp_authority: str | None, trusted_root: Path | None
) -> Signer:
    parts = {
        "--certificate": certificate,
        "--timestamp-authority": timestamp_authority,
        "--trusted-root": trusted_root,
    }
    if not any(parts.values()):
        return key
    if problems := list(_missing_options(parts)):
        raise InputError(problems)
    from goldenpath.signatures.certificates import CertifiedSigner, load_certificate  # noqa: PLC0415 - an extra
    from goldenpath.signatures.timestamps import TimestampService  # noqa: PLC0415
    from goldenpath.signatures.trusted_root import TrustedRoot  # noqa: PLC0415

    assert certificate is not None
    assert trusted_root is not None
    return CertifiedSigner(
        key,
        load_certificate(certificate),
        TimestampService(str(timestamp_authority)),
        TrustedRoot.load(trusted_root),
    )


def _missing_options(options: dict[str, Any]) -> Iterator[Problem]:
    """A problem for each missing option, of a group of options that need each other."""
    given = [name for name, value in options.items() if value]
    for name, value in options.items():
        if not value:
            yield Problem(name, "missing", f"is required with {given[0]}")
