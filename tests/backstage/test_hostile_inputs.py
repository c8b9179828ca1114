"""Hostile inputs have no effect on any route, and their secrets are never repeated."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from plain_git import git, tip
from sample_callers import ADMIN, TOKENS, VISION
from served_backend import serving
from small_requests import sample

from goldenpath.credential_patterns import MASK, credential_in, without_credentials
from goldenpath.errors import MAX_PROBLEMS
from goldenpath_backstage.telemetry.logs import JsonFormatter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from served_backend import Served

# Built from parts, so that no scanner of this repository takes them for real ones.
SECRETS = {
    "a GitHub token": "gh" + "p_" + "A1b2" * 9,
    "a fine-grained GitHub token": "github" + "_pat_" + "A1b2C3" * 6,
    "a GitLab token": "gl" + "pat-" + "A1b2C3d4E5" * 2,
    "an AWS key": "AK" + "IA" + "ABCDEFGH12345678",
    "a Slack token": "xo" + "xb-" + "123456789012-abcdefghij",
    "a Hugging Face token": "hf" + "_" + "aBcDeFgHiJ" * 4,
    "an API key": "sk" + "-proj-" + "aBcDeFgHiJ" * 3,
    "a Vault token": "hv" + "s." + "aBcDeFgHiJ" * 3,
    "a web token": "ey" + "JhbGciOiJI.ey" + "JzdWIiOiIx.c2lnbmF0dXJl",
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "an address with a password": "https://ada:" + "hunter2@git.example.org/x.git",
    "a bearer header": "Bea" + "rer aBcDeFgHiJkLmNoPqRsT",
}

HARMLESS = [
    "https://git.example.org:8443/vision/apps.git",
    "oci://registry.example.org/a/deploy@sha256:" + "0" * 64,
    "spiffe://prod.example.org/ns/vision/sa/trainer",
    "ask-the-team@example.org, task-based, desk-lamp",
    "Bearer of news",
    "vision: a@b",
]


@pytest.fixture(scope="module")
def repository(sample_repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all of these tests: whatever they send in, the next one must still be served."""
    return Path(shutil.copytree(sample_repository, tmp_path_factory.mktemp("hostile") / "fleet.git"))


@pytest.fixture(scope="module")
def backend(repository: Path) -> Iterator[Served]:
    with serving(
        {"repository": str(repository), "tokens": TOKENS, "limits": {"body_bytes": 262_144}}
    ) as served:
        yield served


def _published(backend: Served, changes: dict[str, Any], **more: Any) -> str:
    values = sample("vision.yaml") | changes
    body = {"input": {"golden_path": "tenant/v1", "values": values, **more}}
    answer = backend.post("/v1/actions/goldenpath:publish/runs", ADMIN, json=body)
    return answer.text


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("place", ["title", "source", "inputs", "key", "message", "action"])
def test_a_credential_is_refused_in_every_field_and_never_repeated(
    backend: Served, repository: Path, caplog: pytest.LogCaptureFixture, secret: str, place: str
) -> None:
    before = tip(repository)
    values = sample("vision.yaml")
    given: dict[str, Any] = {"golden_path": "tenant/v1", "values": values}
    action = "goldenpath:publish"
    match place:
        case "title":
            values["title"] = f"Ours: {secret}"
        case "source":
            values["source"]["git"] = f"https://git.example.org/{secret}"
        case "inputs":
            values["inputs"] = {"deep": [{"er": secret}]}
        case "key":
            values[secret] = "x"
        case "message":
            given["message"] = secret
        case "action":
            action = secret
    with caplog.at_level(logging.DEBUG), backend.client(ADMIN) as client:
        path = f"/v1/actions/{action.replace('/', '%2F').replace(' ', '%20')}/runs"
        answer = client.post(path, json={"input": given, "taskId": "t", "stepId": "s"})

    assert answer.status_code in {404, 422}
    assert secret not in answer.text
    assert tip(repository) == before
    formatter = JsonFormatter()
    for record in caplog.records:
        if record.name.startswith("goldenpath"):
            assert secret not in formatter.format(record)


def test_a_credential_that_is_written_in_escapes_is_found_too(backend: Served) -> None:
    secret = SECRETS["a GitHub token"]
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in secret)
    body = f'{{"input": {{"golden_path": "tenant/v1", "values": {{"title": "{escaped}"}}}}}}'
    headers = {"content-type": "application/json"}
    answer = backend.post("/v1/actions/goldenpath:check/runs", ADMIN, content=body, headers=headers)

    assert answer.status_code == 422
    assert answer.json()["problems"][0]["path"] == "input.values.title"
    assert secret not in answer.text


def test_the_callers_own_token_is_refused_as_an_input(backend: Served) -> None:
    answer = _published(backend, {"description": f"my token is {ADMIN}"})

    assert json.loads(answer)["problems"][0]["rule"] == "credential"
    assert ADMIN not in answer


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_a_credential_is_masked_in_every_text(secret: str) -> None:
    masked = without_credentials(f'{{"message": "before {secret} after"}}')

    assert secret not in masked
    assert MASK in masked
    assert json.loads(masked)["message"].startswith("before ")


@pytest.mark.parametrize("text", HARMLESS)
def test_texts_without_a_credential_are_unchanged(text: str) -> None:
    assert credential_in(text) is None
    assert without_credentials(text) == text


HOSTILE = {
    "jinja": "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "our delimiters": "[[ ().__class__.__mro__ ]]",
    "our blocks": "[% include '/etc/passwd' %]",
    "nunjucks": "${{ secrets.GITHUB_TOKEN }}",
    "shell": "$(touch /tmp/goldenpath-was-here)",
    "yaml tag": "!!python/object/apply:os.system ['id']",
    "yaml document": "a\n---\nkind: ClusterRoleBinding",
    "yaml key": 'a"\nprivileged: true',
    "traversal": "../../../../etc/passwd",
    "absolute": "/etc/passwd",
    "nul": "vision\u0000.yaml",
    "direction": "vision\u202eyaml",
    "homoglyph": "visiоn",
    "line separator": "a\u2028b",
    "very long": "x" * 100_000,
    "git option": "--upload-pack=touch /tmp/goldenpath-was-here",
    "header": "a\r\nX-Injected: 1",
    "trailer": "a\n\nGoldenpath-Tenant: other",
    "prototype": "__proto__",
}
FIELDS = ["name", "title", "description", "owner", "environment", "cost_center", "contact"]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("field", FIELDS)
def test_a_hostile_text_is_refused_or_stays_a_text(backend: Served, field: str, text: str) -> None:
    values = sample("vision.yaml") | {field: text}
    run = backend.run("render", {"golden_path": "tenant/v1", "values": values}, token=VISION)

    if not run.is_done:
        assert run.problem["status"] == 422
        assert not run.files
        return
    plain = backend.run("render", {"golden_path": "tenant/v1", "values": sample("vision.yaml")}, token=VISION)
    assert set(run.files) == set(plain.files)
    for path, content in run.files.items():
        assert content.count("\n---") == plain.files[path].count("\n---")


SHAPES: dict[str, Any] = {
    "deep": json.loads('{"a":' * 150 + "1" + "}" * 150),
    "wide": {f"field-{number}": number for number in range(5000)},
    "a list of lists": [[[[[[]]]]]],
    "a huge number": 10**300,
    "a tiny number": 1e-300,
    "nothing": None,
    "a lone list": ["x"] * 5000,
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("field", ["name", "gpus", "clusters", "inputs", "overrides", "network", "unknown"])
def test_a_hostile_shape_is_refused_in_words(backend: Served, field: str, shape: Any) -> None:
    values = sample("vision.yaml") | {field: shape}
    for action in ("check", "plan"):
        run = backend.run(action, {"golden_path": "tenant/v1", "values": values}, token=VISION)
        assert run.is_done or run.problem["status"] == 422, run.last


@pytest.mark.parametrize(
    "name",
    ["../vision", "a/b/c", "a/..", ".", "..", "", "-", "HEAD", "a\u0000", "x" * 5000, "refs/heads/main"],
)
def test_a_name_never_becomes_a_path_of_another_tenant(backend: Served, name: str) -> None:
    values = sample("vision.yaml") | {"name": name}
    edit = backend.run("publish", {"golden_path": "tenant/v1", "values": values, "edit": True}, token=ADMIN)
    assert edit.problem["status"] == 422
    for action, given in (("status", {"name": name}), ("retire", {"name": name})):
        answer = backend.post(f"/v1/actions/goldenpath:{action}/runs", ADMIN, json={"input": given})
        assert answer.status_code == 422


def test_a_name_with_a_slash_is_a_workload_and_nothing_else(backend: Served) -> None:
    for action in ("status", "retire"):
        assert backend.run(action, {"name": "a/b"}, token=ADMIN).problem["status"] == 422


def test_a_callers_message_cannot_add_a_trailer(backend: Served, repository: Path) -> None:
    text = _published(
        backend, {}, message="Done\n\nRequested-by: user:default/grace\nGoldenpath-Tenant: other"
    )
    assert json.loads(text.splitlines()[-1]) == {"type": "done"}, text

    trailers = git(repository, "log", "-1", "--format=%(trailers:key=Requested-by,valueonly)", "main")
    assert trailers.split() == ["service:platform"]


FLOODS = {
    "unknown fields": {f"k{number}": 1 for number in range(5000)},
    "list items": {"network": {"egress": [{"hst": "a", "port": "x"}] * 3000}},
    "names": {"access": {"admins": ["system:a"] * 5000}},
    "nested fields": {"compute": {f"k{number}": 1 for number in range(5000)}},
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
@pytest.mark.parametrize("action", ["check", "plan", "publish"])
def test_a_flood_of_problems_gets_a_short_answer(backend: Served, flood: dict[str, Any], action: str) -> None:
    values = sample("vision.yaml") | flood
    run = backend.run(action, {"golden_path": "tenant/v1", "values": values}, token=ADMIN)
    assert len(run.problems) == MAX_PROBLEMS + 1
    assert run.problems[-1][1] == "more-problems"
    assert len(json.dumps(run.last)) < 200_000
