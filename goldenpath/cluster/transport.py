"""Sends requests to an API server, with time-outs, retries and a limit of concurrency.

Every request is safe to repeat: reads, server-side apply (the same manager and object give the same result) and dry
runs. So each is retried after 429, a server error, a lost connection or a time-out. No object is created by POST, or
changed by a patch that depends on its current state.
"""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from goldenpath.cluster.api_errors import BROKEN, BUSY, is_temporary, refusal
from goldenpath.cluster.rate_limit import ConcurrencyGate, RetryLimits
from goldenpath.errors import ClusterError, ClusterUnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kubernetes.client import ApiClient

__all__ = ["JSON", "ApiResponse", "Transport", "TransportSettings"]

JSON: Final = "application/json"

_SUCCESS: Final = range(200, 300)
_FEW_ATTEMPTS: Final = 3
_MANY_ATTEMPTS: Final = 100


@dataclass(frozen=True, slots=True)
class TransportSettings:
    """Limits. Times are seconds.

    Eight concurrent requests stay well within the share that priority and fairness gives one user. More do not make one
    Python process faster.
    """

    in_flight: int = 8
    connect_timeout: float = 5.0
    read_timeout: float = 30.0
    patience: RetryLimits = field(default_factory=RetryLimits)


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """An object from the server, with the server's warnings."""

    body: dict[str, Any]
    warnings: tuple[str, ...] = ()


class Transport:
    """Sends one user's requests to one API server. Threads may share it, and then share its limits."""

    def __init__(self, api: ApiClient, settings: TransportSettings) -> None:
        self._api = api
        self._settings = settings
        self._gate = ConcurrencyGate(settings.in_flight)

    @property
    def server(self) -> str:
        """The address of the API server."""
        return str(self._api.configuration.host)

    def close(self) -> None:
        """Close the connections."""
        self._api.close()  # type: ignore[no-untyped-call]

    def request(
        self,
        method: str,
        path: str,
        *,
        about: str,
        query: Sequence[tuple[str, str]] = (),
        body: Mapping[str, Any] | None = None,
        content: str = JSON,
        accept: str = JSON,
    ) -> ApiResponse:
        """Send a repeatable request, with retries.

        Raises:
            ClusterError: the server refused.
            ClusterUnavailableError: the server did not answer, or was busy for too long.
        """
        patience, waited = self._settings.patience, 0.0
        call = _Call(method, path, tuple(query), body, content, accept, about)
        for attempt in range(patience.attempts):
            outcome = self._attempt(call)
            if outcome.answer is not None:
                return outcome.answer
            delay = patience.delay(attempt, random.random(), outcome.retry_after)  # noqa: S311 - jitter, not a secret
            if attempt + 1 >= min(outcome.attempts, patience.attempts) or waited + delay > patience.total:
                break
            waited += delay
            time.sleep(delay)
        raise outcome.error

    def _attempt(self, call: _Call) -> _Outcome:
        from kubernetes.client.exceptions import ApiException  # noqa: PLC0415 - installed with the client
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        settings, about, server = self._settings, call.about, self.server
        headers = {"Accept": call.accept} | ({} if call.body is None else {"Content-Type": call.content})
        try:
            with self._gate.place() as number:
                sent = self._api.param_serialize(
                    call.method,
                    call.path,
                    query_params=list(call.query),
                    header_params=headers,
                    body=call.body,
                    auth_settings=["BearerToken"],
                )
                response = self._api.call_api(
                    *sent, _request_timeout=(settings.connect_timeout, settings.read_timeout)
                )
                data: bytes = response.read()  # type: ignore[no-untyped-call]
        except ApiException:  # here the client raises it only for a TLS error
            message = f"{about}: {server} has a certificate that is not trusted"
            return _Outcome(error=ClusterError(message, about=about))
        except (HTTPError, OSError) as error:
            message = f"{about}: {server} {_trouble(error)}"
            return _Outcome(error=ClusterUnavailableError(message, about=about), attempts=_FEW_ATTEMPTS)
        if response.status in BUSY:
            self._gate.shrink(number)
        else:
            self._gate.grow()
        if response.status in _SUCCESS:
            return _Outcome(ApiResponse(_parse(data, about), _warnings(response.headers)))
        secret = call.body is not None and call.body.get("kind") == "Secret"
        refused = refusal(response.status, data, about=about, secret=secret)
        return _Outcome(
            error=refused,
            attempts=_max_attempts(refused),
            retry_after=_retry_after(response.status, response.headers),
        )


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: Mapping[str, Any] | None
    content: str
    accept: str
    about: str


@dataclass(frozen=True, slots=True)
class _Outcome:
    """An answer; or an error, the largest number of attempts, and the seconds of `Retry-After`."""

    answer: ApiResponse | None = None
    error: ClusterError = field(default_factory=lambda: ClusterError("no attempt was made"))
    attempts: int = 1
    retry_after: float | None = None


def _max_attempts(error: ClusterError) -> int:
    """Return many attempts for a busy server or a write conflict, and few for a server error."""
    if not is_temporary(error):
        return 1
    return _FEW_ATTEMPTS if error.code == BROKEN else _MANY_ATTEMPTS


def _retry_after(code: int, headers: Mapping[str, str]) -> float | None:
    asked = headers.get("Retry-After", "")
    return float(asked) if code in BUSY and asked.isdecimal() else None


def _parse(data: bytes, about: str) -> dict[str, Any]:
    try:
        parsed = json.loads(data)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise ClusterError(f"{about}: the answer is not a JSON object; is this a Kubernetes API server?")
    return parsed


def _warnings(headers: Any) -> tuple[str, ...]:
    """Return the texts of `299 - "…"` headers."""
    values = headers.getlist("Warning") if hasattr(headers, "getlist") else ()
    return tuple(value.partition('"')[2].rpartition('"')[0].replace('\\"', '"') for value in values)


def _trouble(error: Exception) -> str:
    """Describe a network error without the address and the request, which the library's message repeats."""
    from urllib3 import exceptions as known  # noqa: PLC0415 - comes with the client

    # The library derives it from a time-out, so it is tested first.
    if isinstance(error, known.NewConnectionError):
        return "cannot be reached"
    if isinstance(error, known.ConnectTimeoutError):
        return "could not be reached in time"
    if isinstance(error, known.ReadTimeoutError):
        return "did not answer in time"
    return f"broke the connection ({type(error).__name__})"
