"""Shared by the commands that sign and verify artifacts: the signer, and the trusted identities."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from goldenpath.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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

F = TypeVar("F", bound="Callable[..., Any]")

_FILE = click.Path(dir_okay=False, path_type=Path)
_URI = re.compile(r"[a-z][a-z0-9+.-]*:[\x21-\x7e]{1,500}")
_EXPRESSION = re.compile(r"^\^|\$$|\\|\.[*+]")


def signer_options(function: F) -> F:
    """``--key``, and what stands beside it where a certificate says whose it is."""
    for option in (
        click.option(
            "--trusted-root",
            type=_FILE,
            metavar="FILE",
            help="With --certificate: trusted_root.json, by which each signature is verified before it is stored.",
        ),
        click.option(
            "--timestamp-authority",
            metavar="URL",
            help="With --certificate: where RFC 3161 time stamps come from; without one, the signature ends with the certificate.",
        ),
        click.option(
            "--certificate",
            type=_FILE,
            metavar="FILE",
            help="The certificate of a short-lived key (PEM), as Fulcio issues it: it says who signs.",
        ),
        click.option(
            "--key",
            required=True,
            metavar="FILE|pkcs11:…",
            help="The private key that signs, ECDSA on P-256: a PEM file, or pkcs11:token=…;object=…?module-path=… for "
            "one in a device. GOLDENPATH_SIGNING_KEY_PASSWORD opens an encrypted one, and is the PIN of a device.",
        ),
    ):
        function = option(function)
    return function


def trust_options(function: F) -> F:
    """``--key`` of those that are trusted, or the identity that is."""
    for option in (
        click.option(
            "--trusted-root",
            type=_FILE,
            metavar="FILE",
            help="With --certificate-identity: trusted_root.json with the certificate and timestamp authorities.",
        ),
        click.option(
            "--certificate-issuer",
            metavar="URL",
            help="With --certificate-identity: who vouched for it, exactly.",
        ),
        click.option(
            "--certificate-identity",
            metavar="URI|E-MAIL",
            help="Instead of --key: who must have signed, exactly, such as spiffe://example.org/ns/ci/sa/release.",
        ),
        click.option(
            "--key",
            "key_files",
            multiple=True,
            type=_FILE,
            metavar="FILE",
            help="A public key that may have signed: PEM, ECDSA on P-256; may be given again.",
        ),
    ):
        function = option(function)
    return function


def provenance_signer_options(function: F) -> F:
    """``--provenance-key`` and ``--builder``, of those who sign."""
    for option in (
        _builder("With --provenance-key: the URI of the platform that renders, such as the CI's."),
        click.option(
            "--provenance-key",
            metavar="FILE|pkcs11:…",
            help="Attach SLSA provenance to each artifact, signed by this key: another one than signs artifacts.",
        ),
    ):
        function = option(function)
    return function


def provenance_trust_options(function: F) -> F:
    """``--provenance-key`` and ``--builder``, of those who verify."""
    for option in (
        _builder("With --provenance-key: the URI of the platform that must have rendered, exactly."),
        click.option(
            "--provenance-key",
            "provenance_files",
            multiple=True,
            type=_FILE,
            metavar="FILE",
            help="Demand SLSA provenance signed by this public key: another one than --key; may be given again.",
        ),
    ):
        function = option(function)
    return function


def _builder(text: str) -> Callable[[F], F]:
    return click.option("--builder", metavar="URI", help=text)


@contextmanager
def open_provenance_signer(key: str | None, builder: str | None, signer: Signer) -> Iterator[Signer | None]:
    """The signer of provenance; None where none is asked for.

    Raises:
        InputError: the key cannot be used, signs artifacts already, or a part is missing.

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
    """Who may sign provenance; None where none is asked for.

    Raises:
        InputError: a key cannot be used, signs artifacts too, or a part is missing.

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
    if problems := list(_lacking({"--provenance-key": key, "--builder": builder})):
        raise InputError(problems)
    if not _URI.fullmatch(builder or ""):
        message = "must be a URI, such as https://ci.example.org/fleet"
        raise InputError.of("--builder", "uri", message, builder)


def _same_key() -> InputError:
    message = (
        "signs artifacts too; use one key for each purpose: Flux and cosign take anything that the key of artifacts "
        "signs for a signature"
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
    """The signer that a key names: a file, or ``pkcs11:…`` for a key in a device; with a certificate, an identity.

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
    """Who is trusted: some keys, or one identity.

    Raises:
        InputError: neither or both are given, a part is missing, or a file cannot be used.

    """
    identity = {
        "--certificate-identity": certificate_identity,
        "--certificate-issuer": certificate_issuer,
        "--trusted-root": trusted_root,
    }
    if not any(identity.values()):
        if not key_files:
            message = (
                "is needed: the public key that must have signed; or --certificate-identity for an identity"
            )
            raise InputError.of("--key", "missing", message)
        from goldenpath.signatures.signing_keys import PublicKey, TrustedKeys  # noqa: PLC0415 - needs an extra

        return TrustedKeys(tuple(map(PublicKey.load, key_files)))
    problems = list(_lacking(identity))
    if key_files:
        message = "cannot stand beside an identity; trust either keys or one identity"
        problems.append(Problem("--key", "not-both", message))
    for option, value in (
        ("--certificate-identity", certificate_identity),
        ("--certificate-issuer", certificate_issuer),
    ):
        if value and _EXPRESSION.search(value):
            message = "is compared exactly, and looks like a regular expression; write the identity itself"
            problems.append(Problem(option, "expression", message, value))
    if problems or not (certificate_identity and certificate_issuer and trusted_root):
        raise InputError(problems)
    from goldenpath.signatures.identities import Identity, TrustedIdentities  # noqa: PLC0415 - an extra
    from goldenpath.signatures.trusted_root import TrustedRoot  # noqa: PLC0415

    root = TrustedRoot.load(trusted_root)
    return TrustedIdentities(root, (Identity(certificate_identity, certificate_issuer),))


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
    if problems := list(_lacking(parts)):
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


def _lacking(parts: dict[str, Any]) -> Iterator[Problem]:
    """One problem for each option that is not there, of those that go together."""
    given = [name for name, value in parts.items() if value]
    for name, value in parts.items():
        if not value:
            yield Problem(name, "missing", f"is needed beside {given[0]}")
