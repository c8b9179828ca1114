"""The init container that checks weights, run as it is rendered: with its script, its environment and real clients.

Only two places of it are other ones: the folder of the weights, and where the Hub or the store answers.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sample_services import SERVICE, found, pod, run, service
from weight_stores import bucket, checksums, git_id, hub, sha256

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMIT, OTHER_COMMIT = "6" * 40, "7" * 40
REPOSITORY = "acme/tiny"
FILES = {
    "config.json": b'{"model_type": "tiny"}',
    "model.safetensors": b"weights" * 5000,
    "tokenizer/tokenizer.json": b"{}",
}
S3_CLIENT = Path(__file__).parents[2] / "build" / "boto3"
"""boto3 needs another python-dateutil than the Kubernetes client of this project: it has a folder of its own."""

needs_boto3 = pytest.mark.skipif(
    not S3_CLIENT.is_dir(), reason="needs boto3: make build/boto3, which `make test` does"
)


def checker(source: dict[str, Any]) -> dict[str, Any]:
    """The container that runs before the server, of a service with weights from there."""
    rendered = run({**SERVICE, "model": {**SERVICE["model"], "source": source}})
    (container,) = pod(rendered)["initContainers"]
    return dict(container)


def ran(source: dict[str, Any], folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """The container's command, as a process; weights come to a folder or are there already."""
    container = checker(source)
    program, *options = container["command"]
    environment = {
        **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
        **{entry["name"]: entry["value"] for entry in container["env"] if "value" in entry},
        "HOME": str(folder.parent),
        "MODEL": str(folder),
        **settings,
    }
    command = [sys.executable if program == "python3" else program, *options, *container["args"]]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env=environment, cwd=folder.parent
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    return tmp_path / "model"


def there(folder: Path) -> dict[str, bytes]:
    """The files of the model; not the notes that the Hub's client keeps beside them."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".cache" not in path.parts
    }


# The Hub ---------------------------------------------------------------------------------------------------------

HUB = {"hf": REPOSITORY, "revision": COMMIT}


def from_hub(
    folder: Path, *, commit: str = COMMIT, sent: Mapping[str, bytes] | None = None
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    with hub(REPOSITORY, commit, FILES, sent or {}) as (address, asked):
        return ran(HUB, folder, HF_ENDPOINT=address, HF_HUB_DISABLE_TELEMETRY="1"), asked


def test_the_requested_commit_is_downloaded(folder: Path) -> None:
    done, _ = from_hub(folder)
    assert done.returncode == 0, done.stderr
    assert there(folder) == FILES


def test_another_commit_is_refused_before_a_file_is_read(folder: Path) -> None:
    done, asked = from_hub(folder, commit=OTHER_COMMIT)
    assert done.returncode == 1
    assert done.stderr.strip() == f"{REPOSITORY} has {OTHER_COMMIT} where {COMMIT} was asked for"
    assert not [path for path in asked if "/resolve/" in path]
    assert there(folder) == {}


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_file_of_the_hub_with_another_digest_is_refused(folder: Path, name: str) -> None:
    changed = FILES[name][:-1] + b"?"
    done, _ = from_hub(folder, sent={name: changed})
    was, wanted = (
        (sha256(changed), sha256(FILES[name]))
        if name == "model.safetensors"
        else (git_id(changed), git_id(FILES[name]))
    )
    assert done.returncode == 1
    assert f"{name} has digest {was} where {wanted} was expected" in done.stderr


# An S3 store -----------------------------------------------------------------------------------------------------


def from_store(
    folder: Path, sums: bytes, objects: Mapping[str, bytes], **source: Any
) -> subprocess.CompletedProcess[str]:
    inside = {f"tiny/{name}": data for name, data in {**objects, "SHA256SUMS": sums}.items()}
    with bucket("models", inside) as (address, _):
        asked = {
            "s3": "s3://models/tiny",
            "digest": f"sha256:{sha256(sums)}",
            "secret": "models",
            **source,
            "endpoint": address,
        }
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "any"}
        return ran(asked, folder, PYTHONPATH=str(S3_CLIENT), **keys)


@needs_boto3
@pytest.mark.parametrize("place", ["", "./"])
def test_the_files_of_the_list_are_downloaded_and_no_others(folder: Path, place: str) -> None:
    done = from_store(folder, checksums(FILES, place), {**FILES, "more.py": b"import os"})
    assert done.returncode == 0, done.stderr
    assert there(folder) == FILES


@needs_boto3
def test_another_list_than_the_one_of_the_request_is_refused(folder: Path) -> None:
    done = from_store(folder, checksums(FILES), FILES, digest=f"sha256:{'4' * 64}")
    assert done.returncode == 1
    assert f"SHA256SUMS has digest {sha256(checksums(FILES))} where {'4' * 64} was asked for" in done.stderr
    assert there(folder) == {}


@needs_boto3
def test_a_file_of_the_store_with_another_digest_is_refused(folder: Path) -> None:
    done = from_store(folder, checksums(FILES), {**FILES, "model.safetensors": b"other"})
    assert done.returncode == 1
    assert f"model.safetensors has digest {sha256(b'other')} where" in done.stderr


@needs_boto3
def test_a_list_that_names_a_file_outside_the_model_is_refused(folder: Path) -> None:
    done = from_store(folder, checksums({"../outside": b"x"}), {"../outside": b"x"})
    assert done.returncode == 1
    assert "../outside is outside the model" in done.stderr
    assert not (folder.parent / "outside").exists()


# A volume --------------------------------------------------------------------------------------------------------


def on_volume(
    folder: Path, files: Mapping[str, bytes], sums: bytes, digest: str = ""
) -> subprocess.CompletedProcess[str]:
    for name, data in {**files, "SHA256SUMS": sums}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    return ran({"pvc": "models", "digest": digest or f"sha256:{sha256(sums)}"}, folder)


@pytest.mark.parametrize("place", ["", "./"])
def test_a_volume_with_the_files_of_its_list_passes(folder: Path, place: str) -> None:
    done = on_volume(folder, FILES, checksums(FILES, place))
    assert (done.returncode, done.stderr) == (0, "")


def test_another_list_on_the_volume_is_refused(folder: Path) -> None:
    done = on_volume(folder, FILES, checksums(FILES), f"sha256:{'4' * 64}")
    assert done.returncode == 1
    assert "SHA256SUMS: FAILED" in done.stdout


def test_a_changed_file_on_the_volume_is_refused(folder: Path) -> None:
    done = on_volume(folder, {**FILES, "config.json": b"{}"}, checksums(FILES))
    assert done.returncode == 1
    assert "config.json: FAILED" in done.stdout


def test_a_file_on_the_volume_that_the_list_does_not_name_is_refused(folder: Path) -> None:
    done = on_volume(folder, {**FILES, "modeling.py": b"import os"}, checksums(FILES))
    assert done.returncode == 1
    assert "SHA256SUMS does not list the files that are there" in done.stderr


def test_a_link_on_the_volume_that_the_list_does_not_name_is_refused(folder: Path) -> None:
    (folder / "modeling.py").symlink_to(folder / "config.json")
    done = on_volume(folder, FILES, checksums(FILES))
    assert done.returncode == 1
    assert "SHA256SUMS does not list the files that are there" in done.stderr


# An image without the clients ------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [HUB, {"s3": "s3://models/tiny", "digest": f"sha256:{'4' * 64}"}])
def test_an_engine_whose_image_has_no_python_downloads_nothing(source: dict[str, Any]) -> None:
    engine = {"name": "llama-cpp", "image": f"registry.example.org/llama@sha256:{'1' * 64}"}
    asked = service(engine=engine, goal=None, accelerator={"count": 4}, model={"source": None})
    asked["model"] = {**asked["model"], "source": source}
    assert "the image of llama.cpp has no Python" in found(run(asked))["weights-not-downloadable"]
