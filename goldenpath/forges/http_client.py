"""One verb's conversation with a forge's API: JSON over HTTP, asked again where that is safe.

Rules for asking again, read in November 2026 in GitHub's and GitLab's documentation of rate limits: wait for as
long as ``Retry-After`` says; else, where no calls are left, until ``X-RateLimit-Reset`` (``RateLimit-Reset``
on GitLab); else a minute after a secondary limit of GitHub's; else ever longer, with some chance in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

from goldenpath.errors import InputError, RepositoryError, RepositoryUnavailableError
from goldenpath.forges.error_messages import RefusedError, UnansweredError, explained, messages_in
from goldenpath.forges.forge_address import ForgeKind
from goldenpath.forges.retry_after import retry_after
from goldenpath.forges.trusted_certificates import trusted_certificates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType
    from typing import Self

    import httpx

    from goldenpath.forges.error_messages import ForgeWording
    from goldenpath.forges.forge_address import ForgeAddress
    from goldenpath.forges.http_options import ClientOptions
    from goldenpath.forges.token import Token

__all__ = ["ForgeClient", "ForgeResponse"]

_PAGES: Final = 200
_REDIRECTS: Final = 3
_SECONDARY_LIMIT_WAIT: Final = 60.0
_FORBIDDEN, _TOO_MANY, _SERVER_ERROR = 403, 429, 500
_KEPT_METHOD: Final = frozenset({307, 308})
_NOT_JSON: Final = object()
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_HEADERS: Final = {
    ForgeKind.GITHUB: {"accept": "application/vnd.github+json", "x-github-api-version": "2022-11-28"},
    ForgeKind.GITLAB: {"accept": "application/json"},
    ForgeKind.GITEA: {"accept": "application/json"},
    ForgeKind.FORGEJO: {"accept": "application/json"},
}


@dataclass(frozen=True, slots=True)
class ForgeResponse:
    """A good answer: its ``status`` and its JSON."""

    status: int
    data: Any


class ForgeClient:
    """A connection to one forge for the length of one verb; not for sharing between threads."""

    def __init__(
        self, address: ForgeAddress, token: Token | None, words: ForgeWording, options: ClientOptions
    ) -> None:
        self.address = address
        self.words = words
        self._token = token
        self._options = options
        self._waited = 0.0
        self._origin = _origin(address.api)
        self._http = _http(address, token, options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    @property
    def signed_in(self) -> bool:
        return self._token is not None

    def need_token(self) -> None:
        """:raises InputError: there is no token, and so nothing can be written."""
        if self._token is None:
            first, *others = self.words.variables
            raise InputError.of(
                first,
                "forge-token",
                f"is not set (nor {', '.join(others)}): {self.words.name} needs a token that has "
                f"{self.words.right} ({self.words.where})",
            )

    def get(self, path: str, doing: str, params: Mapping[str, str | int] | None = None) -> ForgeResponse:
        return self._answer("GET", path, doing, params=params)

    def pages(self, path: str, doing: str, params: Mapping[str, str | int]) -> Iterator[dict[str, Any]]:
        """Every item of a list.

        Pages are counted here and not followed by their links, which hold the address that the forge believes
        to have; behind a proxy that is another one.
        """
        for page in range(1, _PAGES + 1):
            response = self._response("GET", path, doing, params={**params, "page": page})
            items = self._json(response, doing)
            if not isinstance(items, list):
                raise self._strange(response, doing)
            yield from (item for item in items if isinstance(item, dict))
            if "next" not in response.links:
                return
        raise RepositoryError(f"{self.words.name} has more than {_PAGES} pages where it was asked to {doing}")

    def write(
        self, method: str, path: str, doing: str, json: object, *, repeatable: bool = True
    ) -> ForgeResponse:
        """Send a change. ``repeatable`` says that doing it twice is the same as doing it once.

        :raises UnansweredError: it is not repeatable, and whether it has worked cannot be known.
        """
        return self._answer(method, path, doing, json=json, repeatable=repeatable)

    def pause(self, attempt: int, why: str) -> None:
        """Wait before try number ``attempt`` + 1.

        :raises RepositoryUnavailableError: there have been enough.
        """
        self._pause(attempt, self._backoff(attempt), why)

    def _answer(
        self,
        method: str,
        path: str,
        doing: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: object = None,
        repeatable: bool = True,
    ) -> ForgeResponse:
        response = self._response(method, path, doing, params=params, json=json, repeatable=repeatable)
        return ForgeResponse(response.status_code, self._json(response, doing))

    def _response(
        self,
        method: str,
        path: str,
        doing: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: object = None,
        repeatable: bool = True,
    ) -> httpx.Response:
        """A good response, after as many tries as it takes and may take."""
        attempt = 0
        while True:
            attempt += 1
            response, failure, arrived = self._once(method, path, params, json)
            if response is None:
                wait: float | None = None
            elif response.status_code >= _SERVER_ERROR:
                wait, failure = (
                    _asked_to_wait(response, self._options.clock()),
                    f"answered {response.status_code}",
                )
            elif _is_limited(response):
                # Refused at the door: it did not happen, so any call may be sent again.
                wait, failure, arrived = self._limit_wait(response), "asks for fewer calls", False
            else:
                return self._checked(response, doing)
            if arrived and not repeatable:
                raise UnansweredError(f"{self.words.name} was asked to {doing}, and {failure}")
            why = f"{self.words.name} was asked to {doing}, and {failure}"
            self._pause(attempt, self._backoff(attempt) if wait is None else wait, why)

    def _once(
        self, method: str, path: str, params: Mapping[str, str | int] | None, json: object
    ) -> tuple[httpx.Response | None, str, bool]:
        """A response, or what went wrong; and whether the forge may have acted on it."""
        import httpx  # noqa: PLC0415 -- only who speaks to a forge pays for it

        url = self.address.api + path
        body = None if method == "GET" else json
        try:
            response = self._http.request(method, url, params=dict(params) if params else None, json=body)
            for _ in range(_REDIRECTS):
                target = self._target(response, method)
                if target is None:
                    break
                response = self._http.request(method, target, json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            return None, f"cannot be reached ({_fault(error)})", False
        except httpx.TimeoutException:
            return None, f"did not answer within {self._options.answer_timeout:g} s", True
        except (httpx.TransportError, httpx.DecodingError) as error:
            return None, f"broke off ({_fault(error)})", True
        return response, "", True

    def _target(self, response: httpx.Response, method: str) -> str | None:
        """Where a redirect leads, if it may be followed: on the same host, and as the same call."""
        place = response.headers.get("location")
        if response.status_code not in _MOVED or not place:
            return None
        if method != "GET" and response.status_code not in _KEPT_METHOD:
            return None
        try:
            target = urljoin(str(response.url), place)
            return target if _origin(target) == self._origin else None
        except ValueError:  # not a URL
            return None

    def _checked(self, response: httpx.Response, doing: str) -> httpx.Response:
        if response.is_success:
            return response
        said = tuple(self._hidden(text) for text in messages_in(_json_of(response)))
        message = explained(
            self.words, doing, response.status_code, said, response.headers, signed_in=self.signed_in
        )
        raise RefusedError(self._hidden(message), status=response.status_code, said=said)

    def _json(self, response: httpx.Response, doing: str) -> Any:
        data = _json_of(response) if response.content else None
        if data is _NOT_JSON:
            raise self._strange(response, doing)
        return data

    def _strange(self, response: httpx.Response, doing: str) -> RepositoryError:
        kind = response.headers.get("content-type", "something else").partition(";")[0][:40]
        return RepositoryError(
            f"{self.words.name} was asked to {doing}, and its answer ({kind}) is not of its API: "
            f"is {self.address.api} the right address? --forge-api gives another"
        )

    def _limit_wait(self, response: httpx.Response) -> float | None:
        wait = _asked_to_wait(response, self._options.clock())
        secondary = self.address.kind is ForgeKind.GITHUB and response.status_code == _FORBIDDEN
        return _SECONDARY_LIMIT_WAIT if wait is None and secondary else wait

    def _backoff(self, attempt: int) -> float:
        return self._options.patience.backoff(attempt, self._options.chance())

    def _pause(self, attempt: int, wait: float, why: str) -> None:
        patience = self._options.patience
        if attempt >= patience.attempts:
            raise RepositoryUnavailableError(self._hidden(f"{why}, {attempt} times; try again later"))
        if self._waited + wait > patience.budget:
            raise RepositoryUnavailableError(self._hidden(f"{why}; try again in {wait:.0f} s"))
        self._waited += wait
        self._options.sleep(wait)

    def _hidden(self, text: str) -> str:
        return self._token.hide_in(text) if self._token else text


def _http(address: ForgeAddress, token: Token | None, options: ClientOptions) -> httpx.Client:
    try:
        import httpx  # noqa: PLC0415 -- only who speaks to a forge pays for it
    except ModuleNotFoundError:
        raise RepositoryError(
            "pull requests need an HTTP client that is not installed: pip install 'goldenpath[forges]'"
        ) from None

    class SignedIn(httpx.Auth):
        """Adds the token as a request leaves, so that no object that may be shown or logged holds it."""

        def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
            if token is not None and _origin(str(request.url)) == _origin(address.api):
                name, value = _credential(address.kind, token)
                request.headers[name] = value
            yield request

    return httpx.Client(
        auth=SignedIn(),
        headers={"user-agent": options.user_agent, **_HEADERS[address.kind]},
        timeout=httpx.Timeout(options.answer_timeout, connect=options.connect_timeout),
        verify=trusted_certificates(str(options.ca_bundle) if options.ca_bundle else None),
        trust_env=options.use_proxies,
        follow_redirects=False,
    )


def _credential(kind: ForgeKind, token: Token) -> tuple[str, str]:
    if token.job:
        return "job-token", token.reveal()
    # Gitea took "token" before it took "Bearer", and takes both.
    scheme = "token" if kind in {ForgeKind.GITEA, ForgeKind.FORGEJO} else "Bearer"
    return "authorization", f"{scheme} {token.reveal()}"


def _is_limited(response: httpx.Response) -> bool:
    if response.status_code == _TOO_MANY:
        return True
    return response.status_code == _FORBIDDEN and (
        "retry-after" in response.headers
        or response.headers.get("x-ratelimit-remaining") == "0"
        or any("rate limit" in text.lower() for text in messages_in(_json_of(response)))
    )


def _asked_to_wait(response: httpx.Response, now: float) -> float | None:
    """The wait in seconds that the headers ask for."""
    headers = response.headers
    if (after := headers.get("retry-after", "").strip()) != "":
        return retry_after(after, now)
    remaining = headers.get("x-ratelimit-remaining") or headers.get("ratelimit-remaining")
    reset = headers.get("x-ratelimit-reset") or headers.get("ratelimit-reset") or ""
    if remaining == "0" and reset.isascii() and reset.isdigit():
        return max(0.0, float(reset) - now)
    return None


def _json_of(response: httpx.Response) -> Any:
    # Not raised from here: the parser's error holds the whole text, and would be the context of ours.
    try:
        return response.json()
    except ValueError:
        return _NOT_JSON


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _fault(error: Exception) -> str:
    """What broke, in the words of the operating system or of TLS; no object with headers in it."""
    text = " ".join(str(error).split())[:120]
    return text or type(error).__name__
