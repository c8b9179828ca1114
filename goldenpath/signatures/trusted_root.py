"""Reads a private trust root: ``trusted_root.json``, as `cosign trusted-root create` writes it.

It has certificate authorities and timestamp authorities. Transparency logs are ignored, because the time comes from a
timestamp authority. Flux demands a log, and has its own copy of the file.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from cryptography import x509

from goldenpath.errors import ArtifactRefusedError, InputError, Problem
from goldenpath.oci.strict_json import object_in

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Authority", "TrustedRoot"]

MEDIA_TYPE: Final = "application/vnd.dev.sigstore.trustedroot+json"
_LISTS: Final = ("certificateAuthorities", "timestampAuthorities")
_LEAST: Final = dt.datetime.min.replace(tzinfo=dt.UTC)
_MOST: Final = dt.datetime.max.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority: its certificates with the root last, and the period in which it is trusted."""

    chain: tuple[x509.Certificate, ...]
    start: dt.datetime = _LEAST
    end: dt.datetime = _MOST

    @property
    def root(self) -> x509.Certificate:
        return self.chain[-1]

    def is_trusted_at(self, when: dt.datetime) -> bool:
        return self.start <= when <= self.end


@dataclass(frozen=True, slots=True)
class TrustedRoot:
    """Authorities that issue certificates for signing, and authorities that stamp the time of signatures."""

    certificate_authorities: tuple[Authority, ...]
    timestamp_authorities: tuple[Authority, ...]

    @classmethod
    def load(cls, file: Path, option: str = "--trusted-root") -> Self:
        """Load the trust root of a file.

        Raises:
            InputError: the file cannot be read, has another form, or lacks authorities. The error has every problem.
        """
        try:
            document = object_in(file.read_bytes(), "the trust root")
        except OSError as error:
            raise InputError.of(option, "no-file", f"cannot be read: {error.strerror}", str(file)) from None
        except ArtifactRefusedError as error:
            raise InputError.of(option, "trusted-root", str(error), str(file)) from None
        kind = str(document.get("mediaType"))
        if kind.partition(";")[0] != MEDIA_TYPE and not kind.startswith(
            MEDIA_TYPE.removesuffix("+json") + ".v0."
        ):
            message = (
                f"has the media type {kind!r}, and must have {MEDIA_TYPE} (`cosign trusted-root create`)"
            )
            raise InputError.of(option, "trusted-root", message, str(file))
        problems: list[Problem] = []
        found = {name: tuple(_authorities(document.get(name), name, problems, option)) for name in _LISTS}
        problems += [
            Problem(option, "trusted-root", f"lists no {name}, and needs one", str(file))
            for name in _LISTS
            if not found[name] and not problems
        ]
        if problems:
            raise InputError(problems)
        return cls(*(found[name] for name in _LISTS))


def _authorities(entries: Any, name: str, problems: list[Problem], option: str) -> list[Authority]:
    found = []
    for number, entry in enumerate(entries if isinstance(entries, list) else []):
        try:
            found.append(_authority(entry))
        except (KeyError, TypeError, AttributeError, ValueError, binascii.Error) as error:
            message = f"{name}[{number}] cannot be read: {type(error).__name__}: {error}"
            problems.append(Problem(option, "trusted-root", message))
    return found


def _authority(entry: Any) -> Authority:
    chain = tuple(
        x509.load_der_x509_certificate(base64.b64decode(each["rawBytes"], validate=True))
        for each in entry["certChain"]["certificates"]
    )
    if not chain:
        raise ValueError("it has no certificates")
    period = entry.get("validFor") or {}
    return Authority(chain, _time(period.get("start"), _LEAST), _time(period.get("end"), _MOST))


def _time(text: Any, default: dt.datetime) -> dt.datetime:
    if text is None:
        return default
    when = dt.datetime.fromisoformat(str(text))
    return when if when.tzinfo else when.replace(tzinfo=dt.UTC)
