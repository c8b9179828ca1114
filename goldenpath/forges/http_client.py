"""Call a forge's API: JSON over HTTP, with a retry where that is safe.

The waits follow the documentation of rate limits by GitHub and GitLab (read in November 2026). Wait as long as
``Retry-After`` asks; else, if no calls are left, until ``X-RateLimit-Reset`` (``RateLimit-Reset`` on GitLab); else a
minute after a secondary limit of GitHub; else exponentially longer, with jitter.
"""

from __future__ import annotations

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

__all__ = ["ForgeClient"]

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


class ForgeClient:
    """A connection to one forge for one operation; not thread-safe."""

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
        """:raises InputError: no token is set; every write needs one."""
        if self._token is None:
            first, *others = self.words.variables
            raise InputError.of(
                first,
                "forge-token",
                f"is not set, nor is {', '.join(others)}; {self.words.name} needs a token that has "
                f"{self.words.right} ({self.words.where})",
            )

    def get(self, path: str, doing: str, params: Mapping[str, str | int] | None = None) -> Any:
        return self._json(self._response("GET", path, doing, params=params), doing)

    def pages(self, path: str, doing: str, params: Mapping[str, str | int]) -> Iterator[dict[str, Any]]:
        """Every item of a list.

        The pages are counted. Their links contain the forge's own idea of its address, which is wrong behind a proxy.
        """
        for page in range(1, _PAGES + 1):
            response = self._response("GET", path, doing, params={**params, "page": page})
            items = self._json(response, doing)
            if not isinstance(items, list):
                raise self._not_the_api(response, doing)
            yield from (item for item in items if isinstance(item, dict))
            if "next" not in response.links:
                return
        raise RepositoryError(f"{self.words.name} returned more than {_PAGES} pages when asked to {doing}")

    def write(self, method: str, path: str, doing: str, json: object, *, repeatable: bool = True) -> Any:
        """Send a change. ``repeatable`` means that a second call has no further effect.

        :raises UnansweredError: the call is not repeatable, and got no answer.
        """
        return self._json(self._response(method, path, doing, json=json, repeatable=repeatable), doing)

    def pause(self, attempt: int, why: str) -> None:
        """Wait before try number ``attempt`` + 1.

        :raises RepositoryUnavailableError: no attempts or no waiting time are left.
        """
        self._pause(attempt, self._backoff(attempt), why)

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
        """Send a call, with retries, until it has a successful response."""
        attempt = 0
        while True:
            attempt += 1
            response, failure, arrived = self._once(method, path, params, json)
            if response is None:
                wait: float | None = None
            elif response.status_code >= _SERVER_ERROR:
                wait = _requested_wait(response, self._options.clock())
                failure = f"answered {response.status_code}"
            elif _is_limited(response):
                # The forge did not run the call, so any call may be sent again.
                wait, failure, arrived = self._limit_wait(response), "asks for fewer calls", False
            else:
                return self._checked(response, doing)
            why = f"{self.words.name} was asked to {doing}, and {failure}"
            if arrived and not repeatable:
                raise UnansweredError(why)
            self._pause(attempt, self._backoff(attempt) if wait is None else wait, why)

    def _once(
        self, method: str, path: str, params: Mapping[str, str | int] | None, json: object
    ) -> tuple[httpx.Response | None, str, bool]:
        """A response, or a description of the fault; and whether the forge may have run the call."""
        import httpx  # noqa: PLC0415 -- slow to import, and only forges need it

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
        """The target of a redirect to the same host with the same method; None for other redirects."""
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
        sentences = tuple(self._hide_token(text) for text in messages_in(_json_of(response)))
        message = explained(
            self.words, doing, response.status_code, sentences, response.headers, signed_in=self.signed_in
        )
        raise RefusedError(self._hide_token(message), status=response.status_code, sentences=sentences)

    def _json(self, response: httpx.Response, doing: str) -> Any:
        data = _json_of(response) if response.content else None
        if data is _NOT_JSON:
            raise self._not_the_api(response, doing)
        return data

    def _not_the_api(self, response: httpx.Response, doing: str) -> RepositoryError:
        kind = response.headers.get("content-type", "something else").partition(";")[0][:40]
        return RepositoryError(
            f"{self.words.name} was asked to {doing}, and its answer ({kind}) is not JSON of the API; "
            f"if {self.address.api} is not its address, set --forge-api"
        )

    def _limit_wait(self, response: httpx.Response) -> float | None:
        wait = _requested_wait(response, self._options.clock())
        secondary = self.address.kind is ForgeKind.GITHUB and response.status_code == _FORBIDDEN
        return _SECONDARY_LIMIT_WAIT if wait is None and secondary else wait

    def _backoff(self, attempt: int) -> float:
        return self._options.patience.backoff(attempt, self._options.chance())

    def _pause(self, attempt: int, wait: float, why: str) -> None:
        patience = self._options.patience
        if attempt >= patience.attempts:
            raise RepositoryUnavailableError(self._hide_token(f"{why}, {attempt} times; try again later"))
        if self._waited + wait > patience.budget:
            raise RepositoryUnavailableError(self._hide_token(f"{why}; try again in {wait:.0f} s"))
        self._waited += wait
        self._options.sleep(wait)

    def _hide_token(self, text: str) -> str:
        return self._token.hide_in(text) if self._token else text


def _http(address: ForgeAddress, token: Token | None, options: ClientOptions) -> httpx.Client:
    try:
        import httpx  # noqa: PLC0415 -- slow to import, and only forges need it
    except ModuleNotFoundError:
        raise RepositoryError(
            "pull requests need an HTTP client; install it with: pip install 'goldenpath[forges]'"
        ) from None

    class SignedIn(httpx.Auth):
        """Adds the token when a request is sent, so that no object that can be shown or logged contains it."""

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
    # Old versions of Gitea accept only "token", newer ones also "Bearer".
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


def _requested_wait(response: httpx.Response, now: float) -> float | None:
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
    # The parser's error contains the whole text, and must not become the context of another error.
    try:
        return response.json()
    except ValueError:
        return _NOT_JSON


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _fault(error: Exception) -> str:
    """The message of the operating system or of TLS, without any object that has headers."""
    text = " ".join(str(error).split())[:120]
    return text or type(error).__name__
