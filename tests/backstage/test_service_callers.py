"""Callers other than people: static tokens, SPIFFE identities, and local callers."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from sample_callers import READER, TOKENS, VISION

from goldenpath.errors import InputError
from goldenpath_backstage.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from served_backend import Served

DOMAIN = "prod.example.org"
CI = f"spiffe://{DOMAIN}/ns/ci/sa/publisher"


def _settings(**changes: Any) -> Any:
    return read_settings(None, environment={}, changes={"repository": "/srv/fleet", **changes})


class Bundle:
    """A trust domain's keys, as a file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.elliptic = ec.generate_private_key(ec.SECP256R1())
        self.rsa = rsa.generate_private_key(65537, 2048)
        self.write()

    def write(self) -> None:
        keys = [
            json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self.elliptic.public_key())) | {"kid": "ec"},
            json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.rsa.public_key())) | {"kid": "rsa"},
            {"kty": "oct", "kid": "shared", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTMy"},
        ]
        self.file.write_text(json.dumps({"keys": [key | {"use": "jwt-svid"} for key in keys]}))

    def svid(self, **changes: Any) -> str:
        claims = {"sub": CI, "aud": ["goldenpath"], "exp": int(time.time()) + 300} | changes
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, self.elliptic, "ES256", {"kid": "ec"})


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return Bundle(tmp_path / "bundle.json")


@pytest.fixture
def backend(serve: Callable[..., Served], bundle: Bundle) -> Served:
    callers = [{"id": f"spiffe://{DOMAIN}/ns/ci/*", "role": "requester", "groups": ["vision-team"]}]
    return serve(spiffe={"bundles": {DOMAIN: str(bundle.file)}, "callers": callers})


def _status(backend: Served, token: str) -> int:
    return backend.get("/v1/tenants", token).status_code


def test_a_workload_shows_its_identity(backend: Served, bundle: Bundle) -> None:
    assert _status(backend, bundle.svid()) == 200
    claims = {"sub": CI, "aud": "goldenpath", "exp": int(time.time()) + 300}
    assert _status(backend, jwt.encode(claims, bundle.rsa, "RS256", {"kid": "rsa"})) == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["another"]},
        {"aud": None},
        {"exp": 1},
        {"exp": None},
        {"sub": f"spiffe://{DOMAIN}/ns/other/sa/publisher"},
        {"sub": f"spiffe://{DOMAIN}/ns/cicd"},
        {"sub": f"spiffe://{DOMAIN}/ns/ci/../admin/sa/x"},
        {"sub": "spiffe://elsewhere.example.org/ns/ci/sa/publisher"},
        {"sub": f"spiffe://{DOMAIN}"},
        {"sub": "ci"},
        {"sub": None},
    ],
    ids=str,
)
def test_credentials_of_unknown_callers_are_refused(backend: Served, bundle: Bundle, changes: Any) -> None:
    assert _status(backend, bundle.svid(**changes)) == 401


def test_a_shared_secret_in_a_bundle_signs_nothing(backend: Served) -> None:
    claims = {"sub": CI, "aud": "goldenpath", "exp": int(time.time()) + 300}
    token = jwt.encode(claims, "secret-secret-secret-secret-32ab", "HS256", {"kid": "shared"})

    assert _status(backend, token) == 401


def test_a_rotated_bundle_is_read_again(backend: Served, bundle: Bundle) -> None:
    assert _status(backend, bundle.svid()) == 200
    old = bundle.svid(jti="old")
    bundle.elliptic = ec.generate_private_key(ec.SECP256R1())
    assert _status(backend, bundle.svid()) == 401
    bundle.write()

    assert _status(backend, bundle.svid()) == 200
    assert _status(backend, old) == 401


def test_a_static_token_is_who_its_digest_says(serve: Callable[..., Served]) -> None:
    backend = serve(tokens=TOKENS)

    assert _status(backend, READER) == 200
    assert _status(backend, READER[:-1]) == 401
    assert _status(backend, TOKENS[0]["sha256"]) == 401
    basic = backend.get("/v1/tenants", headers={"authorization": f"Basic {VISION}"})
    assert basic.status_code == 401


def test_health_and_metrics_ask_no_one_and_tell_no_tenant(serve: Callable[..., Served]) -> None:
    backend = serve(tokens=TOKENS)
    backend.run("status", {"name": "vision"}, token=READER)

    assert backend.get("/healthz").json() == {"status": "ok"}
    assert backend.get("/readyz").json() == {"status": "ok"}
    metrics = backend.get("/metrics").text
    assert 'goldenpath_runs_total{action="goldenpath:status",outcome="refused"} 1.0' in metrics
    assert "vision" not in metrics


class TestNobodyHasToSayWhoTheyAre:
    def test_only_on_this_machine(self) -> None:
        assert _settings(host="::1").is_loopback
        with pytest.raises(InputError, match=r"127\.0\.0\.1"):
            _settings(host="0.0.0.0")

    def test_a_page_of_another_site_is_refused(self, open_backend: Served) -> None:
        body = {"input": {"name": "vision"}}
        path = "/v1/actions/goldenpath:status/runs"
        foreign = open_backend.post(path, json=body, headers={"origin": "https://evil.example.org"})
        rebound = open_backend.post(path, json=body, headers={"host": "evil.example.org"})
        local = open_backend.post(path, json=body, headers={"origin": "http://localhost:3000"})

        assert (foreign.status_code, rebound.status_code, local.status_code) == (403, 403, 200)

    def test_running_without_authentication_is_logged_as_a_warning(
        self, serve: Callable[..., Served], caplog: pytest.LogCaptureFixture
    ) -> None:
        serve()
        assert any("NO AUTHENTICATION" in record.getMessage() for record in caplog.records)


def test_settings_name_every_problem_at_once_and_no_secret() -> None:
    with pytest.raises(InputError) as refused:
        _settings(
            port=99999, database="postgresql://ada:hunter2@db/x", tokens=[{"name": "Bad Name"}], hots="x"
        )

    paths = {problem.path for problem in refused.value.problems}
    assert paths == {"port", "tokens[0].name", "tokens[0].sha256", "hots"}
    assert "hunter2" not in str(refused.value)
    assert "hunter2" not in repr(_settings(database="postgresql://ada:hunter2@db/x"))


def test_a_forbidden_caller_is_in_the_audit_trail(
    serve: Callable[..., Served], caplog: pytest.LogCaptureFixture
) -> None:
    backend = serve(tokens=TOKENS)
    with httpx.Client() as client:
        client.post(
            f"{backend.url}/v1/actions/goldenpath:publish/runs",
            headers={"authorization": f"Bearer {READER}", "x-request-id": "find-me"},
            json={"input": {}},
        )

    (entry,) = [record for record in caplog.records if record.name == "goldenpath_backstage.audit"]
    reported = entry.__dict__["goldenpath_fields"]
    assert reported["caller"] == "service:dashboard"
    assert reported["action"] == "goldenpath:publish"
    assert reported["request_id"] == "find-me"
