"""A model's image: the same bytes everywhere, in a form that other programs unpack, and streamed to the registry."""

from __future__ import annotations

import contextlib
import filecmp
import io
import json
import os
import shutil
import subprocess
import tarfile
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judges import judged, needs_judges
from model_folders import new_model
from played_registry import played_registry

from goldenpath import names
from goldenpath.datasets.hashing import hash_dataset
from goldenpath.errors import ArtifactRefusedError, InputError, RegistryError
from goldenpath.findings import ChecksFailedError
from goldenpath.forges.http_options import ClientOptions
from goldenpath.model_artifacts import layer_plan
from goldenpath.model_artifacts.inspection import inspect_image
from goldenpath.model_artifacts.layer_plan import plan_layers
from goldenpath.model_artifacts.packing import ModelLabels, pack_model, push_model
from goldenpath.model_artifacts.tar_stream import LayerFile, TarLayer, measure_layer
from goldenpath.oci import blob_upload
from goldenpath.oci.blob import Blob, digest_of
from goldenpath.oci.blob_upload import push_stream
from goldenpath.oci.registry_address import RegistryAddress
from goldenpath.oci.registry_client import RegistryClient

if TYPE_CHECKING:
    from pathlib import Path

LONG = f"{'d' * 120}/{'é' * 60}/{'n' * 150}.txt"


def pushed(model: Path, place: str, client: RegistryClient, **labels):
    packed = pack_model(model, ModelLabels(**labels))
    push_model(client, RegistryAddress.parse(place).path, packed, tag="v1")
    return packed


def test_the_same_folder_gives_the_same_digest(model, tmp_path):
    again = tmp_path / "again"
    shutil.copytree(model, again)
    for file in again.iterdir():
        file.chmod(0o600)
        os.utime(file, (1, 1))
    labels = ModelLabels(name="chat", datasets={"b": f"sha256:{'1' * 64}", "a": f"sha256:{'2' * 64}"})
    first, second = pack_model(model, labels), pack_model(again, labels)
    assert (first.manifest, first.bill, first.card) == (second.manifest, second.bill, second.card)
    assert first.digest == "sha256:" + first.digest.removeprefix("sha256:")


def test_the_digest_is_fixed(model):
    """A change of the form changes the identity of every model, so it needs a reason."""
    packed = pack_model(model, ModelLabels(name="chat"))
    assert packed.layers[0].digest == FIXED_LAYER
    assert packed.digest == FIXED_MANIFEST


@pytest.mark.parametrize("change", ["a byte", "a name", "the name in the labels", "a dataset"])
def test_any_change_gives_another_digest(model, change):
    before = pack_model(model, ModelLabels(name="chat")).digest
    labels = ModelLabels(name="chat")
    if change == "a byte":
        (model / "README.md").write_text("# Chat!\n")
    elif change == "a name":
        (model / "README.md").rename(model / "readme.md")
    elif change == "the name in the labels":
        labels = ModelLabels(name="chat2")
    else:
        labels = ModelLabels(name="chat", datasets={"a": f"sha256:{'2' * 64}"})
    assert pack_model(model, labels).digest != before


def test_the_tree_is_that_of_dataset_hash(model):
    packed = pack_model(model)
    assert packed.tree == hash_dataset(model).dataset
    assert json.loads(packed.manifest.data)["annotations"][names.MODEL_TREE] == packed.tree.digest


@given(
    st.dictionaries(
        st.text("abé/", min_size=1, max_size=150).filter(lambda p: all(p.split("/"))),
        st.binary(max_size=600),
        max_size=5,
    )
)
def test_python_reads_the_archive(tmp_path_factory, files):
    names_ = [path for path in files if not any(other.startswith(f"{path}/") for other in files)]
    folder = tmp_path_factory.mktemp("tar")
    with contextlib.suppress(OSError):  # a name that is too long for the disk
        for path in names_:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(files[path])
    there = sorted(path for path in names_ if (folder / path).is_file())
    layer = TarLayer(folder, tuple(LayerFile(path, len(files[path])) for path in there))
    data = b"".join(layer.chunks())
    assert len(data) == layer.size
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        read = {entry.name: archive.extractfile(entry).read() for entry in archive if entry.isfile()}
        assert {entry.mode for entry in archive if entry.isfile()} <= {0o644}
    assert read == {path: files[path] for path in there}


def test_a_file_of_more_than_eight_gigabytes_has_its_size_in_an_extended_header(tmp_path):
    size = (8 << 30) + 5
    with (tmp_path / "large.gguf").open("wb") as file:
        file.truncate(size)
    chunks = TarLayer(tmp_path, (LayerFile("large.gguf", size),)).chunks()
    start = next(chunks) + next(chunks)[:512]
    with tarfile.open(fileobj=io.BytesIO(start + bytes(1024)), ignore_zeros=False) as archive:
        entry = archive.next()
    assert (entry.name, entry.size) == ("large.gguf", size)


def test_small_files_share_a_layer_and_large_ones_do_not(tmp_path, monkeypatch):
    monkeypatch.setattr(layer_plan, "_SMALL", 10)
    monkeypatch.setattr(layer_plan, "_TARGET", 25)
    sizes = {"a": 20, "b": 3, "c": 20, "d": 5, "e": 40, "f": 11}
    files = [LayerFile(path, size) for path, size in sizes.items()]
    plan = [[file.path for file in layer.files] for layer in plan_layers(tmp_path, files)]
    assert plan == [["b", "d"], ["a", "c"], ["e"], ["f"]]


def test_very_many_shards_stay_below_the_limit_of_layers(tmp_path):
    files = [LayerFile(f"model-{number:05}.safetensors", 5 << 30) for number in range(500)]
    layers = plan_layers(tmp_path, [*files, LayerFile("config.json", 10)])
    assert len(layers) <= layer_plan.MAX_LAYERS
    assert sum(len(layer.files) for layer in layers) == 501


def test_a_refused_file_stops_the_pack_and_a_reason_lets_it_through(model):
    (model / "modeling.py").write_text("")
    with pytest.raises(ChecksFailedError, match=r"modeling\.py"):
        pack_model(model)
    packed = pack_model(model, ModelLabels(allowed={"model-remote-code": "reviewed"}))
    said = json.loads(json.loads(packed.manifest.data)["annotations"][names.MODEL_ALLOWED])
    assert said == {"model-remote-code": {"reason": "reviewed", "count": 1, "files": ["modeling.py"]}}
    with pytest.raises(InputError, match="cannot be accepted"):
        pack_model(model, ModelLabels(allowed={"unsigned": "x"}))


def test_links_and_empty_folders_are_refused(model):
    (model / "link.txt").symlink_to("config.json")
    (model / "empty").mkdir()
    with pytest.raises(InputError) as caught:
        pack_model(model)
    assert {problem.rule for problem in caught.value.problems} == {"symlink", "empty-folder"}


def test_a_registry_has_the_image_its_bill_and_its_card(model, place, client):
    packed = pushed(model, place, client, datasets={"dialogues": f"sha256:{'3' * 64}"}, license="Apache-2.0")
    repository = RegistryAddress.parse(place).path
    found = inspect_image(client, repository, packed.digest)
    assert client.tag_digest(repository, "v1") == packed.digest
    assert found.card == "# Chat\n"
    assert (
        found.bill["metadata"]["component"]["modelCard"]["modelParameters"]["architectureFamily"] == "llama"
    )
    assert [layer for layer, _ in found.layers] == [layer.digest for layer in packed.layers]


def test_a_second_push_sends_no_layer(model, place, client):
    packed = pushed(model, place, client)
    before = client.sent_bytes
    push_model(client, RegistryAddress.parse(place).path, packed)
    assert client.sent_bytes - before < 4_000


def test_a_file_that_changes_between_pack_and_push_is_refused(model, place, client):
    packed = pack_model(model)
    data = bytearray((model / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (model / "model.safetensors").write_bytes(data)
    with pytest.raises(ArtifactRefusedError, match="has changed since it was read"):
        push_model(client, RegistryAddress.parse(place).path, packed)
    assert client.manifest(RegistryAddress.parse(place).path, packed.digest) is None


def test_a_layer_is_sent_in_pieces(tmp_path, place, client, monkeypatch):
    monkeypatch.setattr(blob_upload, "CHUNK_BYTES", 100_000)
    (tmp_path / "large").write_bytes(os.urandom(1_000_001))
    layer = measure_layer(TarLayer(tmp_path, (LayerFile("large", 1_000_001),)), lambda _: None)
    repository, sent = RegistryAddress.parse(place).path, []
    assert push_stream(
        client, repository, layer.digest, layer.layer.size, layer.layer.chunks, on_sent=sent.append
    )
    assert (sum(sent), max(sent)) == (layer.layer.size, 100_000)
    assert client.blob(repository, layer.digest, limit=2_000_000) == b"".join(layer.layer.chunks())


class Uploads:
    """The uploads of a fake registry; a test chooses the fault."""

    def __init__(self, *failures: str) -> None:
        self.failures = list(failures)
        self.held = b""
        self.started = 0

    def __call__(self, seen):
        if "/uploads/" not in seen.path:
            return None
        here = {"location": seen.path}
        if seen.method == "POST":
            self.held, self.started = b"", self.started + 1
            return None
        if seen.method == "GET":
            return 204, {**here, "range": f"0-{len(self.held) - 1}"}, b""
        if seen.method == "PATCH":
            return self.patched(seen), here, b""
        return 201 if digest_of(self.held) == seen.query["digest"][0] else 400, {}, b""

    def patched(self, seen) -> int:
        if int(seen.headers["content-range"].split("-")[0]) != len(self.held):
            return 416
        failure = self.failures.pop(0) if self.failures and len(self.held) >= 20 else ""
        if failure == "lost":
            return 404
        self.held += seen.body[:5] if failure == "half" else seen.body
        return 503 if failure else 202


@pytest.mark.parametrize("failures", [["answer"], ["half"], ["lost"], ["half", "answer", "lost", "half"]])
def test_a_broken_upload_continues(monkeypatch, failures):
    monkeypatch.setattr(blob_upload, "CHUNK_BYTES", 10)
    data = os.urandom(55)
    with played_registry() as played:
        played.instead = uploads = Uploads(*failures)
        options = ClientOptions(sleep=lambda _: None)
        with RegistryClient(RegistryAddress.parse(f"oci://{played.host}"), None, options) as client:
            assert push_stream(client, "r", digest_of(data), 55, lambda: iter([data]))
    assert uploads.held == data
    assert uploads.started == 1 + failures.count("lost")


def test_an_upload_that_is_lost_each_time_ends(monkeypatch):
    monkeypatch.setattr(blob_upload, "CHUNK_BYTES", 10)
    data = os.urandom(55)
    with played_registry() as played:
        played.instead = Uploads(*["lost"] * 9)
        with (
            RegistryClient(RegistryAddress.parse(f"oci://{played.host}")) as client,
            pytest.raises(RegistryError, match="forgets the upload"),
        ):
            push_stream(client, "r", digest_of(data), 55, lambda: iter([data]))


def test_an_artifact_that_no_node_mounts_is_refused(client, place):
    repository = RegistryAddress.parse(place).path
    empty = Blob("application/vnd.oci.empty.v1+json", b"{}")
    client.push_blob(repository, empty)
    document = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": empty.descriptor,
        "layers": [empty.descriptor],
    }
    manifest = Blob(document["mediaType"], json.dumps(document).encode())
    client.put_manifest(repository, manifest.digest, manifest)
    with pytest.raises(ArtifactRefusedError, match="a node cannot mount it"):
        inspect_image(client, repository, manifest.digest)


def needs(*programs: str):
    missing = [each for each in programs if not shutil.which(each)]
    return pytest.mark.skipif(
        bool(missing), reason=f"needs {programs}: sudo apt-get install {' '.join(programs)}"
    )


def is_same(first: Path, second: Path) -> bool:
    found = filecmp.dircmp(first, second)
    below = all(is_same(first / each, second / each) for each in found.common_dirs)
    return below and not (found.left_only or found.right_only or found.diff_files or found.funny_files)


@needs("skopeo", "umoci")
def test_skopeo_copies_and_umoci_unpacks_a_model_image(tmp_path, place, client):
    model = new_model(tmp_path / "chat", **{LONG: b"x", "é.txt": b"y", "a/b/c.json": b"{}"})
    packed = pushed(model, place, client)
    source = f"docker://{place.removeprefix('oci://')}@{packed.digest}"
    subprocess.run(
        ["skopeo", "copy", "-q", "--src-tls-verify=false", source, f"oci:{tmp_path}/oci:v1"], check=True
    )
    unpack = ["umoci", "unpack", "--rootless", "--image", f"{tmp_path}/oci:v1", tmp_path / "unpacked"]
    subprocess.run(unpack, check=True, capture_output=True)
    assert is_same(model, tmp_path / "unpacked/rootfs")


@needs("containerd", "ctr")
@pytest.mark.skipif(os.geteuid() != 0, reason="containerd mounts as root only")
@pytest.mark.parametrize("platform", ["linux/amd64", "linux/arm64"])
def test_containerd_mounts_a_model_image_on_any_architecture(tmp_path, model, place, client, platform):
    packed = pushed(model, place, client)
    image = f"{place.removeprefix('oci://')}@{packed.digest}"
    socket = tmp_path / "c.sock"
    config = tmp_path / "config.toml"
    config.write_text('version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
    command = [
        "containerd",
        "--config",
        config,
        "--root",
        tmp_path / "root",
        "--state",
        tmp_path / "state",
        "--address",
        socket,
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        try:
            end = time.monotonic() + 60
            while not socket.exists() and running.poll() is None and time.monotonic() < end:
                time.sleep(0.05)
            ctr = ["ctr", "--address", str(socket), "images"]
            mounted = tmp_path / "mounted"
            mounted.mkdir()
            pull = [*ctr, "pull", "--plain-http", "--snapshotter", "native", "--platform", platform, image]
            subprocess.run(pull, check=True, capture_output=True)
            mount = [*ctr, "mount", "--snapshotter", "native", "--platform", platform, image, str(mounted)]
            subprocess.run(mount, check=True, capture_output=True)
            try:
                assert is_same(model, mounted)
            finally:
                subprocess.run(["umount", mounted], check=True)
        finally:
            running.terminate()
            running.wait(30)


@needs_judges
def test_cyclonedx_takes_the_bill_of_materials(model, tmp_path):
    labels = ModelLabels(
        datasets={"dialogues": f"sha256:{'3' * 64}"},
        license="Apache-2.0",
        base_model=f"oci://r.example.org/base@sha256:{'4' * 64}",
    )
    packed = pack_model(model, labels)
    (tmp_path / "bom.json").write_bytes(packed.bill.data)
    code = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
text = open(sys.argv[1]).read()
newer = text.replace('"1.6"', '"1.7"').replace("bom-1.6", "bom-1.7")
for version, document in ((SchemaVersion.V1_6, text), (SchemaVersion.V1_7, newer)):
    problem = JsonStrictValidator(version).validate_str(document)
    assert problem is None, problem
"""
    judged(code, tmp_path / "bom.json")
    bill = json.loads(packed.bill.data)
    refs = {each["bom-ref"]: each for each in bill["components"]}
    (dataset,) = bill["metadata"]["component"]["modelCard"]["modelParameters"]["datasets"]
    assert refs[dataset["ref"]]["hashes"] == [{"alg": "SHA-256", "content": "3" * 64}]
    assert (
        refs["file:model.safetensors"]["hashes"][0]["content"]
        == packed.layers[0].files["model.safetensors"].hex()
    )


def test_a_card_is_written_where_there_is_none(model):
    (model / "README.md").unlink()
    labels = ModelLabels(name="chat|<b>", datasets={"dialogues": f"sha256:{'3' * 64}"})
    card = pack_model(model, labels).card.data.decode()
    assert card.startswith("# chat\\|&lt;b>\n")
    assert f"| dialogues | `sha256:{'3' * 64}` |" in card


FIXED_LAYER = "sha256:e106649e3c443de85b896e70ac107ee294568ff3e0f7fc14b4735fd97fbfc9b0"
FIXED_MANIFEST = "sha256:037da13d338a80be62831ae6ccc18d010b86f879a6c0cf3f8da1f0d956e86fa7"
