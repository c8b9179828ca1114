"""Backstage's tokens: whom they prove, and every way in which one proves nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from issuer import LIMITED, PLUGIN, USER, Key, encoded, issuing
from small_requests import sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from issuer import Issuer
    from serving import Served


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
    return backend.get("/v1/actions", token).status_code


def _publish(backend: Served, token: str, **changes: Any) -> Any:
    values = sample("vision.yaml") | changes
    return backend.run("publish", {"golden_path": "tenant/v1", "values": values}, token=token, dryRun=True)


def test_a_plugin_for_itself_reads_and_changes_nothing(backend: Served, issuer: Issuer) -> None:
    token = issuer.plugin()

    assert _status(backend, token) == 200
    answer = backend.post("/v1/actions/goldenpath:publish/runs", token, json={"input": {}})
    assert answer.status_code == 403


def test_a_plugin_for_a_user_may_what_the_user_may(backend: Served, issuer: Issuer) -> None:
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
    "a user's who is no user": lambda i: i.user(sub="group:default/platform"),
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
def test_what_proves_nothing_is_refused(backend: Served, issuer: Issuer, case: str) -> None:
    token = FORGED[case](issuer)
    answer = backend.get("/v1/actions", token)

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
    assert issuer.asked.count("/api/scaffolder/.backstage/auth/v1/jwks.json") == 1

    assert _status(backend, issuer.plugin()) == 200
    assert issuer.asked.count("/api/scaffolder/.backstage/auth/v1/jwks.json") == 2


def test_many_unknown_keys_make_one_request(
    backend: Served, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("goldenpath_backstage.auth.jwks._PAUSE_SECONDS", 60.0)
    for number in range(20):
        assert _status(backend, issuer.plugin(key=Key(f"unknown-{number}"))) == 401

    assert issuer.asked.count("/api/scaffolder/.backstage/auth/v1/jwks.json") == 1


def test_keys_and_groups_are_kept_while_they_are_fresh(backend: Served, issuer: Issuer) -> None:
    for _ in range(3):
        assert _status(backend, issuer.for_user("ada")) == 200
    assert sorted(issuer.asked) == sorted(
        {
            "/api/scaffolder/.backstage/auth/v1/jwks.json",
            "/api/auth/.well-known/jwks.json",
            "/api/auth/v1/userinfo",
        }
    )

    issuer.is_down = True
    assert _status(backend, issuer.for_user("ada", jti="another token")) == 200


def test_a_backstage_that_does_not_answer_is_told_as_such(backend: Served, issuer: Issuer) -> None:
    issuer.is_down = True
    answer = backend.get("/v1/actions", issuer.plugin())

    assert answer.status_code == 503
    assert issuer.url not in answer.text


def test_the_users_limited_token_is_what_asks_for_groups_and_is_in_no_log(
    backend: Served, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    token = issuer.for_user("ada")
    with caplog.at_level("DEBUG"):
        assert _publish(backend, token, owner="platform").problem["status"] == 403

    assert "/api/auth/v1/userinfo" in issuer.asked
    logged = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert token not in logged
    assert token.rsplit(".", 1)[1] not in logged
