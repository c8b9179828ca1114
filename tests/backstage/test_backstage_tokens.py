"""Backstage's tokens: whom they prove, and every way in which one proves nothing."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from issuer import LIMITED, PLUGIN, PLUGIN_KEYS, USER, USERS_KEYS, Key, encoded, issuing
from small_requests import sample

from goldenpath_backstage.actions.action_registry import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.server import BaseHTTPRequestHandler

    from issuer import Issuer
    from served_backend import Served


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        issuer.groups = {
            "user:default/ada": ["group:default/vision-team"],
            "user:default/grace": ["group:default/platform"],
        }
        yield issuer


@pytest.fixture
def backend(serve: Callable[..., Served], issuer: Issuer) -> Served:
    return serve(backstage={"url": issuer.url}, admins=["platform"])


def _status(backend: Served, token: str | None) -> int:
    return backend.get("/v1/tenants", token).status_code


def _publish(backend: Served, token: str, **changes: Any) -> Any:
    values = sample("vision.yaml") | changes
    return backend.run("publish", {"golden_path": "tenant/v1", "values": values}, token=token, dryRun=True)


def test_a_plugin_for_itself_reads_and_changes_nothing(backend: Served, issuer: Issuer) -> None:
    token = issuer.plugin()

    assert _status(backend, token) == 200
    answer = backend.post("/v1/actions/goldenpath:publish/runs", token, json={"input": {}})
    assert answer.status_code == 403


def test_a_plugin_that_acts_for_a_user_has_the_users_rights(backend: Served, issuer: Issuer) -> None:
    assert _publish(backend, issuer.for_user("ada")).is_done
    assert _publish(backend, issuer.for_user("ada"), owner="platform").problem["status"] == 403
    assert _publish(backend, issuer.for_user("grace")).is_done


def test_a_user_in_person_may_too(backend: Served, issuer: Issuer) -> None:
    assert _publish(backend, issuer.user("ada")).is_done


def test_a_user_without_groups_owns_nothing(backend: Served, issuer: Issuer) -> None:
    assert _publish(backend, issuer.for_user("mallory")).problem["status"] == 403


def _now() -> int:
    return int(time.time())


def _unsigned(issuer: Issuer) -> str:
    header = {"alg": "none", "typ": PLUGIN, "kid": issuer.plugin_key.id}
    claims = {"sub": "scaffolder", "aud": "goldenpath", "iat": _now(), "exp": _now() + 99}
    return f"{encoded(header)}.{encoded(claims)}."


def _signed_with_the_public_key(issuer: Issuer) -> str:
    """The old trick: the public key, which everybody has, as the secret of an HMAC."""
    header = {"alg": "HS256", "typ": PLUGIN, "kid": issuer.plugin_key.id}
    claims = {"sub": "scaffolder", "aud": "goldenpath", "iat": _now(), "exp": _now() + 99}
    text = f"{encoded(header)}.{encoded(claims)}"
    secret = json.dumps(issuer.plugin_key.public()).encode()
    signature = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _with_other_claims(issuer: Issuer) -> str:
    header, _, signature = issuer.plugin().split(".")
    claims = {"sub": "scaffolder", "aud": "goldenpath", "iat": _now(), "exp": _now() + 99, "obo": "x"}
    return f"{header}.{encoded(claims)}.{signature}"


FORGED: dict[str, Callable[[Issuer], str | None]] = {
    "no token": lambda _: None,
    "no token at all": lambda _: "hello",
    "two dots": lambda _: "..",
    "unsigned": _unsigned,
    "signed with the public key as a secret": _signed_with_the_public_key,
    "claims of another token": _with_other_claims,
    "signed by nobody": lambda i: i.plugin(key=Key("plugin-1")),
    "signed by a key that nobody publishes": lambda i: i.plugin(key=Key("plugin-2")),
    "a key's id that is a path": lambda i: i.plugin(key=Key("../../etc/passwd")),
    "expired": lambda i: i.plugin(exp=_now() - 3600),
    "without an end": lambda i: i.plugin(exp=None),
    "not yet": lambda i: i.plugin(nbf=_now() + 3600),
    "made in the future": lambda i: i.plugin(iat=_now() + 3600, exp=_now() + 7200),
    "for another plugin": lambda i: i.plugin(aud="catalog"),
    "for nobody": lambda i: i.plugin(aud=None),
    "from a plugin that may not call": lambda i: i.plugin(sub="search"),
    "from a plugin whose name is a path": lambda i: i.plugin(sub="../auth"),
    "from several plugins": lambda i: i.plugin(sub=["scaffolder"]),
    "of the plugin's type with the user's key": lambda i: i.plugin(key=i.user_key),
    "of no type": lambda i: i.plugin(typ="JWT"),
    "of the user's type with the plugin's key": lambda i: i.user(key=i.plugin_key),
    "a user's, as a plugin's": lambda i: i.user(typ=PLUGIN),
    "a limited user's alone": lambda i: i.user(typ=LIMITED),
    "a user's for somebody else": lambda i: i.user(aud="other"),
    "a user's, expired": lambda i: i.user(exp=_now() - 3600),
    "a user's who is not a user": lambda i: i.user(sub="group:default/platform"),
    "on behalf of an expired user": lambda i: i.for_user(exp=_now() - 3600),
    "on behalf of a whole user token": lambda i: i.plugin(on_behalf_of=i.user(typ=USER)),
    "on behalf of a plugin": lambda i: i.plugin(on_behalf_of=i.plugin()),
    "on behalf of a user that the plugin made up": lambda i: i.plugin(
        on_behalf_of=i.user(typ=LIMITED, key=i.plugin_key)
    ),
    "on behalf of something": lambda i: i.plugin(obo={"sub": "user:default/grace"}),
    "very long": lambda i: i.plugin(extra="x" * 20_000),
}


@pytest.mark.parametrize("case", FORGED)
def test_invalid_tokens_are_refused(backend: Served, issuer: Issuer, case: str) -> None:
    token = FORGED[case](issuer)
    answer = backend.get("/v1/tenants", token)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"
    assert backend.sample('goldenpath_refusals_total{kind="unauthenticated"}') == 1


def test_clocks_may_differ_a_little(backend: Served, issuer: Issuer) -> None:
    assert _status(backend, issuer.plugin(exp=_now() - 10)) == 200
    assert _status(backend, issuer.plugin(exp=_now() - 40)) == 401
    assert _status(backend, issuer.plugin(iat=_now() + 10)) == 200


def test_a_new_key_is_fetched_when_it_is_first_used(
    backend: Served, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("goldenpath_backstage.auth.jwks._PAUSE_SECONDS", 0.0)
    assert _status(backend, issuer.plugin()) == 200
    issuer.plugin_key = Key("plugin-2")
    assert issuer.asked.count(PLUGIN_KEYS) == 1

    assert _status(backend, issuer.plugin()) == 200
    assert issuer.asked.count(PLUGIN_KEYS) == 2


def test_many_unknown_keys_make_one_request(
    backend: Served, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("goldenpath_backstage.auth.jwks._PAUSE_SECONDS", 60.0)
    answers = [backend.get("/v1/tenants", issuer.plugin(key=Key(f"unknown-{n}"))) for n in range(20)]

    assert issuer.asked.count(PLUGIN_KEYS) == 1
    # The first one is known to be nobody's. The others may be newer than what the issuer told.
    assert [each.status_code for each in answers] == [401] + [503] * 19
    assert all(1 <= int(each.headers["retry-after"]) <= 60 for each in answers[1:])


def test_keys_and_groups_are_kept_while_they_are_fresh(backend: Served, issuer: Issuer) -> None:
    for _ in range(3):
        assert _status(backend, issuer.for_user("ada")) == 200
    assert sorted(issuer.asked) == sorted(
        {
            PLUGIN_KEYS,
            USERS_KEYS,
            "/api/auth/v1/userinfo",
        }
    )

    issuer.is_down = True
    assert _status(backend, issuer.for_user("ada", jti="another token")) == 200


def _says(text: bytes, status: int = 200) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("content-length", str(len(text)))
        handler.end_headers()
        with contextlib.suppress(OSError):  # who has read enough hangs up
            handler.wfile.write(text)

    return answer


def _hangs_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.close()


def _says_nothing(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.recv(1)  # until who asked has had enough


def _says_a_byte_at_a_time(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    with contextlib.suppress(OSError):
        while True:
            handler.wfile.write(b" ")
            time.sleep(0.01)


NO_KEYS = {
    "hangs up": _hangs_up,
    "says nothing": _says_nothing,
    "says a byte at a time": _says_a_byte_at_a_time,
    "is starting": _says(b"{}", 503),
    "has no such route yet": _says(b"{}", 404),
    "fails": _says(b"Internal Server Error", 500),
    "leads elsewhere": _says(b"", 302),
    "says nothing at all": _says(b""),
    "says a page": _says(b"<html>One moment</html>"),
    "says half of it": _says(b'{"keys": ['),
    "says no text": _says(b"\xff\xfe\x00"),
    "says something else": _says(b"[1, 2]"),
    "has no list": _says(b'{"keys": "none"}'),
    "is deep": _says(b"[" * 100_000),
    "is huge": _says(b'{"keys": [' + b" " * 1_000_000 + b"]}"),
}


@pytest.mark.parametrize("case", NO_KEYS)
@pytest.mark.parametrize("whose", [PLUGIN_KEYS, USERS_KEYS])
def test_keys_that_cannot_be_had_are_waited_for(
    backend: Served, issuer: Issuer, monkeypatch: pytest.MonkeyPatch, whose: str, case: str
) -> None:
    monkeypatch.setattr("goldenpath_backstage.auth.backstage_client._MAX_SECONDS", 0.3)
    monkeypatch.setattr("goldenpath_backstage.auth.jwks._PAUSE_AFTER_FAILURE_SECONDS", 0.0)
    issuer.instead[whose] = NO_KEYS[case]
    for _ in range(2):
        answer = backend.get("/v1/tenants", issuer.for_user("ada"))

        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["retry-after"]) == answer.json()["retry_after"] >= 1
        assert issuer.url not in answer.text
        assert "www-authenticate" not in answer.headers
    del issuer.instead[whose]
    assert _status(backend, issuer.for_user("ada")) == 200


def test_a_caller_waits_while_the_keys_are_fetched(
    backend: Served, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("goldenpath_backstage.auth.jwks._PAUSE_AFTER_FAILURE_SECONDS", 60.0)
    issuer.is_down = True
    assert [_status(backend, issuer.plugin(jti=str(number))) for number in range(5)] == [503] * 5

    assert issuer.asked == [PLUGIN_KEYS]


def test_a_token_with_an_unknown_key_is_503_while_the_issuer_is_down(
    backend: Served, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("goldenpath_backstage.auth.jwks._PAUSE_SECONDS", 0.0)
    assert _status(backend, issuer.plugin()) == 200
    issuer.is_down = True

    assert _status(backend, issuer.plugin(key=Key("plugin-2"))) == 503
    assert _status(backend, issuer.plugin(jti="another token, of a key that we have")) == 200


def test_an_unknown_caller_is_refused_while_backstage_is_away(backend: Served, issuer: Issuer) -> None:
    issuer.is_down = True
    for case in ("no token", "no token at all", "from a plugin that may not call", "of no type"):
        assert _status(backend, FORGED[case](issuer)) == 401

    assert issuer.asked == []


@pytest.mark.parametrize(
    ("says", "status"),
    [
        (_says(b"{}", 401), 401),
        (_says(b"{}", 403), 401),
        (_says(b"{}", 404), 503),
        (_says(b"{}", 500), 503),
        (_says(b'{"claims": {}}'), 503),
        (_says(b'{"claims": {"ent": 7}}'), 503),
        (_says(b'{"claims": {"ent": [null]}}'), 503),
        (_says_nothing, 503),
    ],
)
def test_a_user_without_groups_from_backstage_is_refused(
    backend: Served, issuer: Issuer, monkeypatch: pytest.MonkeyPatch, says: Any, status: int
) -> None:
    monkeypatch.setattr("goldenpath_backstage.auth.backstage_client._MAX_SECONDS", 0.3)
    issuer.instead["/api/auth/v1/userinfo"] = says

    answer = backend.get("/v1/tenants", issuer.for_user("ada"))

    assert answer.status_code == status
    assert ("retry-after" in answer.headers) is (status == 503)


def test_actions_are_listed_while_backstage_starts(backend: Served, issuer: Issuer) -> None:
    issuer.is_down = True
    for token in (None, issuer.plugin(), "hello"):
        listed = backend.get("/v1/actions", token).json()["actions"]
        assert [action["id"] for action in listed] == [action.id for action in ACTIONS]
        assert backend.get("/v1/openapi.json", token).status_code == 200

    assert issuer.asked == []


def test_groups_are_read_with_the_users_limited_token_which_is_not_logged(
    backend: Served, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    token = issuer.for_user("ada")
    with caplog.at_level("DEBUG"):
        assert _publish(backend, token, owner="platform").problem["status"] == 403

    assert "/api/auth/v1/userinfo" in issuer.asked
    logged = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert token not in logged
    assert token.rsplit(".", 1)[1] not in logged
