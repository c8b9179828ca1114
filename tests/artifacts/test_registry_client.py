"""The client with registries that log in by token, keep referrers themselves, fail, or lie."""

from __future__ import annotations

import base64
import datetime as dt
import email.utils
import json
import time

import pytest
from forged_artifacts import new_key
from played_registry import played_registry

from goldenpath.artifacts.artifact import Artifact, ArtifactSource
from goldenpath.errors import ArtifactRefusedError, InputError, RegistryError, RegistryUnavailableError
from goldenpath.forges.http_options import ClientOptions
from goldenpath.oci.blob import Blob, digest_of
from goldenpath.oci.media_types import BUNDLE, INDEX, MANIFEST, SIGNATURE
from goldenpath.oci.referrers import add_referrer, fallback_tag, referrers_of
from goldenpath.oci.registry_address import RegistryAddress
from goldenpath.oci.registry_client import RegistryClient
from goldenpath.oci.registry_credentials import RegistryCredentials
from goldenpath.signatures.bundle import signed_bundle, verified_statement
from goldenpath.signatures.bundle_referrers import bundle_manifest
from goldenpath.spec.ref import Ref

DATA = b"some bytes"
DIGEST = digest_of(DATA)
ADA = RegistryCredentials("ada", "opensesame")
ARTIFACT = Artifact(
    ArtifactSource(
        Ref.of_tenant("vision"), "austin", "a" * 40, "b" * 40, dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
    ),
    {"a.yaml": b"kind: A\n"},
)


@pytest.fixture
def played():
    with played_registry() as running:
        yield running


@pytest.fixture
def waits():
    return []


@pytest.fixture
def connect(played, waits):
    opened = []

    def make(credentials=None):
        options = ClientOptions(sleep=waits.append)
        opened.append(RegistryClient(RegistryAddress.parse(f"oci://{played.host}"), credentials, options))
        return opened[-1]

    yield make
    for client in opened:
        client.__exit__(None, None, None)


def test_a_registry_that_keeps_referrers_gets_no_index(played, connect):
    client, key = connect(), new_key()
    client.put_manifest("r", "latest", ARTIFACT.manifest)
    bundle = signed_bundle(ARTIFACT.signature, key)
    client.push_blob("r", bundle)
    manifest = bundle_manifest(ARTIFACT.manifest.descriptor, bundle, SIGNATURE, ARTIFACT.created)

    add_referrer(client, "r", ARTIFACT.digest, manifest, BUNDLE)

    assert referrers_of(client, "r", ARTIFACT.digest) == (manifest.digest,)
    assert not any(fallback_tag(ARTIFACT.digest) in path for path in played.stored)
    stored = client.blob("r", bundle.digest, limit=10_000)
    said = verified_statement(stored, key.trust, predicate_type=SIGNATURE, digest=ARTIFACT.digest)
    assert said == ARTIFACT.signature


def test_a_registry_that_answers_for_referrers_with_a_page_loses_nothing(played, connect):
    """The list under the tag is read beside it."""
    played.instead = lambda seen: (200, {}, b"<html>") if "/referrers/" in seen.path else None
    entry = {"digest": DIGEST, "mediaType": MANIFEST, "size": 1}
    index = Blob(INDEX, json.dumps({"manifests": [entry, {"digest": "../../x"}, "no"]}).encode())
    client = connect()
    client.put_manifest("r", fallback_tag(ARTIFACT.digest), index)

    assert referrers_of(client, "r", ARTIFACT.digest) == (DIGEST,)


def test_a_list_of_referrers_is_read_to_its_last_page(played, connect):
    def paged(seen):
        if "/referrers/" not in seen.path:
            return None
        last = "page" in seen.query
        link = {} if last else {"link": f'<{seen.path}?page=2>; rel="next"'}
        digest = f"sha256:{'2' if last else '1':0>64}"
        return 200, link, json.dumps({"manifests": [{"digest": digest}]}).encode()

    played.instead = paged
    assert [each[-1] for each in referrers_of(connect(), "r", ARTIFACT.digest)] == ["1", "2"]


def with_tokens(played):
    """The registry asks for a token, which it gives to Ada alone."""

    def answer(seen):
        if seen.path == "/token":
            right = base64.b64encode(b"ada:opensesame").decode()
            if seen.headers.get("authorization") != f"Basic {right}":
                return 401, {}, b""
            return 200, {}, json.dumps({"token": f"T-{seen.query['scope'][0]}".replace(" ", "")}).encode()
        if not seen.headers.get("authorization", "").startswith("Bearer T-"):
            realm = f'Bearer realm="http://{played.host}/token?x=1",service="s",scope="repository:r:pull"'
            return 401, {"www-authenticate": realm}, b""
        return None

    played.instead = answer


def test_a_token_is_asked_for_with_the_rights_that_are_needed(played, connect):
    with_tokens(played)
    client = connect(ADA)

    client.push_blob("r", Blob("text/plain", DATA))

    assert client.blob("r", DIGEST, limit=100) == DATA
    asked = [seen.query for seen in played.requests if seen.path == "/token"]
    assert [(each["scope"], each["service"], each["x"]) for each in asked] == [
        (["repository:r:pull"], ["s"], ["1"]),
        (["repository:r:pull,push"], ["s"], ["1"]),
    ]


def test_without_the_right_password_there_is_no_token_and_no_secret_in_the_message(played, connect):
    with_tokens(played)
    with pytest.raises(
        RegistryError, match=r"issued no token for r .401.; ada may need more rights"
    ) as caught:
        connect(RegistryCredentials("ada", "wrong-password")).has_blob("r", DIGEST)
    assert "wrong-password" not in str(caught.value)
    with pytest.raises(RegistryError, match="set GOLDENPATH_REGISTRY_USER"):
        connect().has_blob("r", DIGEST)


def test_a_token_is_not_asked_for_without_tls(played, connect):
    challenge = {"www-authenticate": 'Bearer realm="http://auth.example.org/token"'}
    played.instead = lambda _: (401, challenge, b"")
    with pytest.raises(RegistryError, match=r"the token server 'auth.example.org' without TLS"):
        connect(ADA).has_blob("r", DIGEST)


def test_a_blob_that_another_host_has_is_fetched_there_without_our_password(played, connect):
    with played_registry() as storage:
        storage.stored["/blob"] = DATA

        def answer(seen):
            if "authorization" not in seen.headers:
                return 401, {"www-authenticate": 'Basic realm="r"'}, b""
            return 307, {"location": f"http://{storage.host}/blob"}, b""

        played.instead = answer
        assert connect(ADA).blob("r", DIGEST, limit=100) == DATA
        assert [("authorization" in seen.headers) for seen in storage.requests] == [False]


def test_a_redirect_to_a_host_without_tls_is_not_followed(played, connect):
    played.instead = lambda _: (307, {"location": "http://storage.example.org/blob"}, b"")
    with pytest.raises(RegistryError, match=r"leads to http://storage.example.org, without TLS"):
        connect().blob("r", DIGEST, limit=100)


def test_a_registry_that_is_busy_is_asked_again(played, connect, waits):
    answers = [(503, {}, b""), (429, {"retry-after": "7"}, b"")]
    played.instead = lambda _: answers.pop(0) if answers else None
    played.stored[f"/v2/r/blobs/{DIGEST}"] = DATA

    assert connect().blob("r", DIGEST, limit=100) == DATA
    assert (len(waits), waits[1]) == (2, 7.0)


def test_a_registry_may_name_a_date(played, connect, waits):
    soon = email.utils.formatdate(time.time() + 20, usegmt=True)
    answers = [(503, {"retry-after": soon}, b""), (503, {"retry-after": "soon"}, b"")]
    played.instead = lambda _: answers.pop(0) if answers else None
    played.stored[f"/v2/r/blobs/{DIGEST}"] = DATA

    assert connect().blob("r", DIGEST, limit=100) == DATA
    assert 15 < waits[0] <= 20
    assert waits[1] < 2


def test_a_registry_that_stays_busy_is_an_error(played, connect, waits):
    played.instead = lambda _: (503, {}, b"")
    with pytest.raises(RegistryUnavailableError, match="it answered 503"):
        connect().has_blob("r", DIGEST)
    assert len(waits) == 4


def test_bytes_of_another_digest_are_refused(played, connect):
    played.instead = lambda _: (200, {}, b"other bytes")
    for read in (
        lambda: connect().blob("r", DIGEST, limit=100),
        lambda: connect().manifest("r", DIGEST),
    ):
        with pytest.raises(ArtifactRefusedError, match="bytes with the digest") as caught:
            read()
        assert caught.value.rule == "digest"


def test_an_answer_that_is_too_long_is_not_read_to_its_end(played, connect):
    played.instead = lambda _: (200, {}, DATA)
    with pytest.raises(ArtifactRefusedError, match="longer than 5 bytes") as caught:
        connect().blob("r", DIGEST, limit=5)
    assert caught.value.rule == "size"


def test_the_registrys_own_words_are_shown(played, connect):
    body = b'{"errors":[{"code":"DENIED","message":"quota\\u001b[31m is full"}]}'
    played.instead = lambda _: (403, {}, body)
    with pytest.raises(RegistryError, match=r"answered 403: DENIED quota.31m is full; set") as caught:
        connect().blob("r", DIGEST, limit=1000)
    assert "\x1b" not in str(caught.value)


def test_credentials_come_from_both_variables_or_the_file_of_docker_login(tmp_path):
    host = "registry.example.org"
    of_host = RegistryCredentials.of_host
    folder = {"DOCKER_CONFIG": str(tmp_path)}
    both = {"GOLDENPATH_REGISTRY_USER": "ada", "GOLDENPATH_REGISTRY_PASSWORD": "opensesame"}
    assert of_host(host, folder) is None
    assert of_host(host, folder | both) == ADA
    with pytest.raises(InputError, match="GOLDENPATH_REGISTRY_PASSWORD: is not set"):
        of_host(host, {"GOLDENPATH_REGISTRY_USER": "ada"})

    file = tmp_path / "config.json"
    file.write_text(json.dumps({"auths": {host: {"auth": base64.b64encode(b"ada:opensesame").decode()}}}))
    assert of_host(host, folder) == ADA
    assert of_host(host, {"REGISTRY_AUTH_FILE": str(file)}) == ADA
    assert of_host("other.example.org", folder) is None
    assert "opensesame" not in repr(ADA)

    for text in ("{", json.dumps({"auths": {host: {"auth": "c2VjcmV0"}}})):
        file.write_text(text)
        with pytest.raises(InputError, match=r"cannot be read as JSON|log in again") as caught:
            of_host(host, folder)
        assert "secret" not in str(caught.value)
