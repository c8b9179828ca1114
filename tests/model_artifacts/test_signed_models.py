"""Signatures of models: `model_signing` and goldenpath read each other's, and goldenpath is stricter."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from click.testing import CliRunner
from forged_artifacts import new_key, write_key
from judges import ROOT, needs_judges

from goldenpath.cli.root_command import cli
from goldenpath.errors import ArtifactRefusedError, InputError
from goldenpath.model_artifacts.oms import OMS_PREDICATE, sign_folder, verify_folder
from goldenpath.signatures.bundle import signed_bundle
from goldenpath.signatures.statement import Statement, StatementSubject

MODEL_SIGNING = ROOT / ".venv-supply-chain/bin/python"


def model_signing(*words: object) -> int:
    command = [MODEL_SIGNING, "-m", "model_signing", *map(str, words)]
    return subprocess.run(command, capture_output=True, check=False).returncode


@pytest.fixture
def signed(model, key):
    (model / "model.sig").write_bytes(sign_folder(model, key))
    return model


def refused(model, key, rule: str, said: str) -> None:
    with pytest.raises(ArtifactRefusedError, match=said) as caught:
        verify_folder(model, model / "model.sig", key.trust)
    assert caught.value.rule == rule


def test_a_signed_folder_holds(signed, key):
    found = verify_folder(signed, signed / "model.sig", key.trust)
    assert (found.files, found.name) == (3, "chat")


@needs_judges
def test_model_signing_verifies_ours(signed, keys):
    assert (
        model_signing("verify", "key", signed, "--signature", signed / "model.sig", "--public_key", keys[1])
        == 0
    )
    (signed / "config.json").write_text("{}")
    assert (
        model_signing("verify", "key", signed, "--signature", signed / "model.sig", "--public_key", keys[1])
        != 0
    )


@needs_judges
def test_signatures_of_model_signing_are_accepted(model, key, keys):
    sign = ["sign", "key", model, "--private_key", keys[0], "--signature", model / "model.sig"]
    assert model_signing(*sign) == 0
    assert verify_folder(model, model / "model.sig", key.trust).files == 3


@needs_judges
@pytest.mark.parametrize("added", [".git/config", ".github/workflows/x.yml", ".gitattributes", "empty/"])
def test_files_that_model_signing_ignores_are_refused(model, key, keys, added):
    """A server loads the folder with each of these files."""
    sign = ["sign", "key", model, "--private_key", keys[0], "--signature", model / "model.sig"]
    assert model_signing(*sign) == 0
    if added.endswith("/"):
        (model / added).mkdir()
    else:
        (model / added).parent.mkdir(parents=True, exist_ok=True)
        (model / added).write_text("x")
    assert (
        model_signing("verify", "key", model, "--signature", model / "model.sig", "--public_key", keys[1])
        == 0
    )
    refused(model, key, "model-files", "was not signed")


@needs_judges
def test_a_signature_that_ignores_paths_is_refused(model, key, keys):
    sign = ["sign", "key", model, "--private_key", keys[0], "--signature", model / "model.sig"]
    assert model_signing(*sign, "--ignore-paths", model / "README.md") == 0
    (model / "README.md").write_text("anything")
    assert (
        model_signing("verify", "key", model, "--signature", model / "model.sig", "--public_key", keys[1])
        == 0
    )
    refused(model, key, "model-ignored-paths", "ignores 'README.md'")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda model: (model / "config.json").write_text("{}"), "config.json has other bytes"),
        (lambda model: (model / "config.json").unlink(), "config.json does not exist"),
        (lambda model: (model / "new.json").write_text("{}"), "new.json is a file that was not signed"),
        (lambda model: (model / "sub").mkdir(), "sub/ is an empty folder that was not signed"),
    ],
)
def test_a_folder_that_differs_is_refused(signed, key, change, said):
    change(signed)
    refused(signed, key, "model-files", said)


def test_swapped_names_are_refused(signed, key):
    """The root digest of the format stays the same, because it hashes digests without names, in the signer's order."""
    shutil.move(signed / "config.json", signed / "x")
    shutil.move(signed / "README.md", signed / "config.json")
    shutil.move(signed / "x", signed / "README.md")
    refused(signed, key, "model-files", "has other bytes")


def test_another_key_is_refused(signed):
    refused(signed, new_key(), "other-key", "belongs to another key")


def test_a_link_is_refused(signed, key):
    (signed / "link").symlink_to("config.json")
    with pytest.raises(InputError, match="is a symbolic link"):
        verify_folder(signed, signed / "model.sig", key.trust)


def resource(**fields) -> dict:
    return {"name": "a", "algorithm": "sha256", "digest": "0" * 64} | fields


@pytest.mark.parametrize(
    ("resources", "serialization", "root", "said"),
    [
        ([], {}, None, "names no files"),
        ([resource(), resource()], {}, None, "names 'a' twice"),
        ([resource(algorithm="blake3")], {}, None, "without a SHA-256"),
        ([resource(digest="0")], {}, None, "without a SHA-256"),
        ([resource()], {}, "1" * 64, "another digest than its files"),
        ([resource()], {"method": "shards"}, None, "must hash whole files"),
        ([resource()], {"hash_type": "blake2b"}, None, "must hash whole files"),
        ([resource()], {"allow_symlinks": True}, None, "allows symbolic links"),
        ([resource()], {"ignore_paths": ["../x"]}, None, "ignores '../x'"),
        ([resource()], {"ignore_paths": [".git", 3]}, None, "ignores 3"),
    ],
)
def test_a_signature_of_another_form_is_refused(model, key, *, resources, serialization, root, said):
    """The right key signed it, but the signer used other options than goldenpath."""
    import hashlib

    whole = hashlib.sha256(b"".join(bytes.fromhex(each["digest"].ljust(64, "0")) for each in resources))
    how = {"method": "files", "hash_type": "sha256", "allow_symlinks": False, "ignore_paths": ["model.sig"]}
    predicate = {"serialization": how | serialization, "resources": resources}
    subject = StatementSubject(f"sha256:{root or whole.hexdigest()}", "m")
    (model / "model.sig").write_bytes(
        signed_bundle(Statement((subject,), OMS_PREDICATE, predicate), key).data
    )
    with pytest.raises(ArtifactRefusedError, match=said):
        verify_folder(model, model / "model.sig", key.trust)


def test_a_signature_for_another_purpose_is_refused(model, key):
    statement = Statement(
        (StatementSubject(f"sha256:{'0' * 64}"),), "https://slsa.dev/provenance/v1", {"a": 1}
    )
    (model / "model.sig").write_bytes(signed_bundle(statement, key).data)
    refused(model, key, "purpose", "must have 'https://model_signing/signature/v1.0'")


def test_files_that_other_verifiers_ignore_are_not_signed(model, key):
    (model / ".git").mkdir()
    (model / ".git/config").write_text("x")
    (model / "empty").mkdir()
    with pytest.raises(InputError) as caught:
        sign_folder(model, key)
    assert {problem.path for problem in caught.value.problems} == {".git/config", "empty/"}


def ran(*words: object):
    return CliRunner().invoke(cli, ["model", *map(str, words)])


def test_the_commands_pack_sign_verify_and_inspect(model, keys, place, tmp_path):
    private, public = keys
    assert ran("sign", model, "--key", private).exit_code == 0
    assert ran("verify", model, "--key", public).stdout.startswith("ok  ")
    packed = json.loads(ran("pack", model, "--to", f"{place}:v1", "--format", "json").stdout)
    pinned = f"oci://{packed['image']}"
    assert ran("sign", pinned, "--key", private, "--annotation", "tenant=vision").exit_code == 0
    done = ran("verify", pinned, "--key", public, "--annotation", "tenant=vision", "--format", "json")
    assert (done.exit_code, json.loads(done.stdout)["holds"]) == (0, True)
    done = ran("verify", pinned, "--key", public, "--annotation", "tenant=speech", "--format", "json")
    assert (done.exit_code, json.loads(done.stdout)["rule"]) == (1, "signed-annotations")
    _, other = write_key(new_key(), tmp_path, "other")
    assert "[other-key]" in ran("verify", pinned, "--key", other, "--annotation", "tenant=vision").stdout
    shown = json.loads(ran("inspect", f"{place}:v1", "--format", "json").stdout)
    assert (shown["digest"], shown["model_card"]) == (packed["digest"], "# Chat\n")
    assert "3 files" not in ran("inspect", model).stdout
    assert ran("pack", model, "--dry-run", "--format", "json").stdout.count(packed["digest"]) == 1


def test_an_image_is_signed_and_verified_only_by_digest(keys, place):
    for verb in ("sign", "verify"):
        done = ran(verb, f"{place}:v1", "--key", keys[verb == "verify"])
        assert done.exit_code == 2
        assert "must have a digest" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pack", "{model}"], "--to: is required"),
        (["pack", "{model}", "--to", "registry.example.org/x"], "must be oci://HOST"),
        (["pack", "{model}", "--dry-run", "--dataset", "a=latest"], "must end in a digest"),
        (["pack", "{model}", "--dry-run", "--allow", "model-pickle"], "must be RULE=REASON"),
        (["pack", "{model}", "--dry-run", "--base-model", "llama"], "must have a digest"),
        (["inspect", "nothing"], "must be a folder, or a reference"),
    ],
)
def test_bad_input_names_the_fix(model, words, said):
    done = ran(*(word.replace("{model}", str(model)) for word in words))
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_program_gets_the_findings_of_a_refused_model(model):
    (model / "modeling.py").write_text("")
    done = ran("pack", model, "--dry-run", "--format", "json")
    refusal = json.loads(done.stdout)
    assert (done.exit_code, refusal["format"]) == (1, "refused/v1")
    assert [(each["file"], each["rule"]) for each in refusal["findings"]] == [
        ("modeling.py", "model-remote-code")
    ]
    assert json.loads(ran("inspect", model, "--format", "json").stdout)["findings"] == refusal["findings"]
