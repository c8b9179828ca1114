"""Signatures of a model's folder by OpenSSF Model Signing 1.0: `model.sig`.

`model_signing` verifies the signatures of this module, and this module verifies those of `model_signing`. It refuses
more: files that the signature ignores, files under `.git` and `.github`, empty folders, symbolic links, and signatures
by certificates without a check of the signer and the time. The root digest of the format hashes digests without names,
so it is compared but does not identify a model.

Read in November 2026: model-signing-spec v1.0, and `model_signing` 1.1.1.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from goldenpath.datasets.dataset_manifest import entries_in, open_manifest
from goldenpath.datasets.hashing import hash_dataset
from goldenpath.errors import ArtifactRefusedError, InputError, Problem
from goldenpath.oci.blob import digest_of
from goldenpath.signatures.bundle import signed_bundle, verified_statement
from goldenpath.signatures.signer import Signature
from goldenpath.signatures.signing_keys import TrustedKeys
from goldenpath.signatures.statement import Statement, StatementSubject

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from goldenpath.signatures.signer import Signer, Trust

__all__ = ["OMS_PREDICATE", "SIGNATURE_FILE", "VerifiedFolder", "sign_folder", "verify_folder"]

OMS_PREDICATE: Final = "https://model_signing/signature/v1.0"
SIGNATURE_FILE: Final = "model.sig"
_GIT: Final = frozenset({".git", ".gitattributes", ".github", ".gitignore"})
"""Names that `model_signing` always skips."""
_MAX_SIGNATURE: Final = 64 << 20
_MAX_NAMED: Final = 20
_HEX: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class VerifiedFolder:
    """A folder with exactly the files that a trusted signer has signed.

    Attributes:
        tree: the digest of the folder without the signature, as `goldenpath dataset hash` prints it.
        files: the number of its files.
        name: the name that the signer gave the model; not a part of its identity.

    """

    tree: str
    files: int
    name: str


def sign_folder(folder: Path, signer: Signer, *, name: str = "") -> bytes:
    """Return the signature of a folder, for its file `model.sig`. ``name`` defaults to the name of the folder.

    Raises:
        InputError: the folder has files that other verifiers skip, or cannot be hashed.
    """
    files, _ = _hashed(folder, SIGNATURE_FILE)
    problems = [
        Problem(path, "model-signature", "is an empty folder, which no signature covers; remove it")
        for path in files
        if path.endswith("/")
    ]
    problems += [
        Problem(path, "model-signature", "is in a place that `model_signing` skips; move it")
        for path in files
        if path.split("/")[0] in _GIT
    ]
    if problems:
        raise InputError(problems)
    resources = [{"name": path, "algorithm": "sha256", "digest": files[path]} for path in sorted(files)]
    predicate = {
        "serialization": {
            "method": "files",
            "hash_type": "sha256",
            "allow_symlinks": False,
            "ignore_paths": [SIGNATURE_FILE],
        },
        "resources": resources,
    }
    subject = StatementSubject(
        _root_digest(files[path] for path in sorted(files)), name or folder.resolve().name
    )
    return signed_bundle(Statement((subject,), OMS_PREDICATE, predicate), _HexHint(signer)).data


def verify_folder(folder: Path, signature: Path, trust: Trust) -> VerifiedFolder:
    """Verify a folder by its signature. Every file is read. The signature may be a file of the folder.

    Raises:
        ArtifactRefusedError: the signature is invalid, or the folder differs; ``rule`` states which.
        InputError: the signature cannot be read, or the folder cannot be hashed.
    """
    statement = verified_statement(_read(signature), trust, predicate_type=OMS_PREDICATE, digest=None)
    resources = _resources(statement)
    skip = signature.name if signature.resolve().parent == folder.resolve() else ""
    _check_serialization(statement.predicate, skip)
    files, tree = _hashed(folder, skip)
    if differences := _differences(resources, files):
        more = f", and {len(differences) - _MAX_NAMED:,} more" if len(differences) > _MAX_NAMED else ""
        raise ArtifactRefusedError(
            "model-files",
            f"the folder differs from the signed files: {'; '.join(differences[:_MAX_NAMED])}{more}",
        )
    return VerifiedFolder(tree, len(files), statement.subjects[0].name)


def _hashed(folder: Path, skip: str) -> tuple[dict[str, str], str]:
    """The SHA-256 of each file, and the digest of the folder."""
    with tempfile.TemporaryDirectory(prefix="goldenpath-model-") as place:
        manifest = Path(place, "manifest")
        names = frozenset({skip}) if skip else frozenset()
        tree = hash_dataset(folder, manifest=manifest, skip=names).dataset.digest
        with open_manifest(manifest) as lines:
            return {entry.path: entry.sha256 for _, entry in entries_in(lines, str(folder))}, tree


def _root_digest(digests: Iterable[str]) -> str:
    return digest_of(bytes.fromhex("".join(digests)))


def _read(signature: Path) -> bytes:
    try:
        if signature.stat().st_size > _MAX_SIGNATURE:
            message = f"has more than {_MAX_SIGNATURE >> 20} MiB"
            raise InputError.of("--signature", "model-signature", message, file=str(signature))
        return signature.read_bytes()
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        raise InputError.of("--signature", "no-file", message, file=str(signature)) from None


def _resources(statement: Statement) -> dict[str, str]:
    """The signed digest of each file by its path, in the order of the signature."""
    listed = statement.predicate.get("resources")
    found: dict[str, str] = {}
    for resource in listed if isinstance(listed, list) else []:
        match resource:
            case {"name": str(name), "algorithm": "sha256", "digest": str(digest)} if _HEX.fullmatch(digest):
                if name in found:
                    raise ArtifactRefusedError("model-signature", f"the signature names {name!r} twice")
                found[name] = digest
            case _:
                message = (
                    "the signature has a file without a SHA-256; sign the model again with --hash sha256"
                )
                raise ArtifactRefusedError("model-signature", message)
    if not found:
        raise ArtifactRefusedError("model-signature", "the signature names no files")
    if _root_digest(found.values()) != statement.subjects[0].digest:
        raise ArtifactRefusedError("model-signature", "the signature has another digest than its files")
    return found


def _check_serialization(predicate: Mapping[str, Any], skip: str) -> None:
    how = predicate.get("serialization")
    if not isinstance(how, dict) or how.get("method") != "files" or how.get("hash_type") != "sha256":
        message = "the signature must hash whole files by SHA-256 (method `files`); sign the model again"
        raise ArtifactRefusedError("model-signature", message)
    if how.get("allow_symlinks") not in (False, None):
        raise ArtifactRefusedError("model-signature", "the signature allows symbolic links, which may change")
    ignored = how.get("ignore_paths", [])
    allowed = {*_GIT, SIGNATURE_FILE, skip}
    paths = ignored if isinstance(ignored, list) else [ignored]
    if strange := [path for path in paths if not isinstance(path, str) or path.rstrip("/") not in allowed]:
        message = f"the signature ignores {', '.join(map(repr, strange[:5]))}, so files there are not signed"
        raise ArtifactRefusedError("model-ignored-paths", message)


def _differences(signed: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    lines = [f"{path} does not exist" for path in sorted(signed.keys() - found.keys())]
    lines += [
        f"{path} has other bytes"
        for path in sorted(signed.keys() & found.keys())
        if signed[path] != found[path]
    ]
    lines += [
        f"{path} is {'an empty folder' if path.endswith('/') else 'a file'} that was not signed"
        for path in sorted(found.keys() - signed.keys())
    ]
    return lines


@dataclass(frozen=True, slots=True)
class _HexHint:
    """A signer that writes the hint of a key as `model_signing` compares it: the SHA-256 of the PEM form, in hex."""

    signer: Signer

    @property
    def trust(self) -> Trust:
        return self.signer.trust

    def sign(self, data: bytes) -> Signature:
        signature = self.signer.sign(data)
        trust = self.signer.trust
        if not isinstance(trust, TrustedKeys):
            return signature
        hint = hashlib.sha256(trust.keys[0].pem.encode()).hexdigest()
        return Signature(signature.value, {"publicKey": {"hint": hint}, "tlogEntries": []})
