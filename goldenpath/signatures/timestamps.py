"""Time stamps (RFC 3161): a trusted authority states when a signature existed.

Needs the extra ``keyless``. ``rfc3161-client`` builds requests, and verifies answers up to the root of the authority.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx
import rfc3161_client
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from goldenpath.errors import ArtifactRefusedError, InputError
from goldenpath.spec.loopback import is_loopback

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from goldenpath.signatures.trusted_root import Authority

__all__ = ["TimestampService", "trusted_time"]

_QUERY: Final = "application/timestamp-query"
_REPLY: Final = "application/timestamp-reply"
_MAX_REPLY_BYTES: Final = 64 << 10
_OK: Final = frozenset({200, 201})


@dataclass(frozen=True, slots=True)
class TimestampService:
    """A timestamp authority that answers over HTTP, such as Sigstore's `timestamp-server`.

    TLS is optional, because the answer is signed, and the request holds only a hash.
    """

    url: str
    option: str = "--timestamp-authority"
    timeout: float = 30.0

    def __post_init__(self) -> None:
        """Check the address.

        Raises:
            InputError: ``url`` is not an address with HTTP.
        """
        parts = httpx.URL(self.url) if self.url.isascii() and self.url.isprintable() else httpx.URL()
        if parts.scheme not in {"http", "https"} or not parts.host or parts.userinfo:
            raise InputError.of(self.option, "url", "must be http(s)://HOST/PATH, without a user")

    def stamp(self, data: bytes) -> bytes:
        """Ask for a time stamp of bytes, and return the answer in DER.

        Raises:
            InputError: the authority cannot be reached, or its answer is not a time stamp.
        """
        request = (
            rfc3161_client.TimestampRequestBuilder()
            .data(data)
            .hash_algorithm(rfc3161_client.base.HashAlgorithm.SHA256)
            .cert_request(cert_request=True)
            .build()
        )
        try:
            answer = self._post(request.as_bytes())
            rfc3161_client.decode_timestamp_response(answer)
        except httpx.HTTPError as error:
            message = (
                f"{self.url} cannot be reached: {type(error).__name__}; run the same command again later"
            )
            raise InputError.of(self.option, "timestamp", message) from None
        except ValueError as error:
            message = f"{self.url} does not answer with a time stamp: {error}"
            raise InputError.of(self.option, "timestamp", message) from None
        return answer

    def _post(self, query: bytes) -> bytes:
        host = httpx.URL(self.url).netloc.decode()
        with (
            httpx.Client(timeout=self.timeout, trust_env=not is_loopback(host)) as client,
            client.stream(
                "POST", self.url, content=query, headers={"content-type": _QUERY, "accept": _REPLY}
            ) as response,
        ):
            if response.status_code not in _OK:
                raise ValueError(f"HTTP {response.status_code}")
            answer = b""
            for part in response.iter_bytes():
                answer += part
                if len(answer) > _MAX_REPLY_BYTES:
                    raise ValueError(f"more than {_MAX_REPLY_BYTES >> 10} KiB")
            return answer


def trusted_time(answer: bytes, data: bytes, authorities: Iterable[Authority]) -> dt.datetime:
    """Verify a time stamp (in DER) of bytes, and return its time.

    Raises:
        ArtifactRefusedError: no authority stamped these bytes within its period.
    """
    try:
        response = rfc3161_client.decode_timestamp_response(answer)
        when = response.tst_info.gen_time
    except ValueError as error:
        raise ArtifactRefusedError(
            "time", f"the bundle has a time stamp that cannot be read: {error}"
        ) from None
    reasons = ["the trust root lists no authority for that time"]
    for authority in authorities:
        if not authority.is_trusted_at(when):
            continue
        try:
            _verifier(authority).verify_message(response, data)
        except (rfc3161_client.VerificationError, ValueError) as error:
            reasons.append(str(error))
        else:
            return when
    raise ArtifactRefusedError("time", f"the bundle's time stamp is not trusted: {reasons[-1]}")


def _verifier(authority: Authority) -> rfc3161_client.verify.Verifier:
    first, *rest = authority.chain
    stamps = _is_for_stamps(first)
    return rfc3161_client.VerifierBuilder(
        tsa_certificate=first if stamps else None,
        intermediates=list((rest if stamps else authority.chain)[:-1]),
        roots=[authority.root],
    ).build()


def _is_for_stamps(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.TIME_STAMPING in usage
