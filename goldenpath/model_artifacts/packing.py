"""Packs a folder as an image, and pushes the image to a registry.

The image has one platform, and its layers are plain archives, which containerd and CRI-O unpack for an image volume of
Kubernetes. The digest of its manifest identifies it, and follows from the folder and the labels of the caller.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from goldenpath import names
from goldenpath.datasets.dataset_manifest import DatasetDigest, ManifestEntry, dataset_digest
from goldenpath.datasets.file_tree import FileTree
from goldenpath.errors import InputError, Problem
from goldenpath.findings import ChecksFailedError, Finding
from goldenpath.model_artifacts.bill_of_materials import BOM_MEDIA_TYPE, ModelFacts, bill_of_materials
from goldenpath.model_artifacts.contents import ALLOWED_RULES, ModelContents, check_contents
from goldenpath.model_artifacts.layer_plan import plan_layers
from goldenpath.model_artifacts.model_card import CARD_MEDIA_TYPE, model_card
from goldenpath.model_artifacts.tar_stream import LayerFile, MeasuredLayer, measure_layer
from goldenpath.oci import media_types
from goldenpath.oci.blob import Blob
from goldenpath.oci.blob_upload import push_stream
from goldenpath.oci.referrers import add_referrer
from goldenpath.oci.strict_json import canonical_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from goldenpath.oci.registry_client import RegistryClient

__all__ = [
    "IMAGE_CONFIG",
    "IMAGE_LAYER",
    "ModelLabels",
    "PackedModel",
    "model_files",
    "pack_model",
    "push_model",
]

IMAGE_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
IMAGE_LAYER: Final = "application/vnd.oci.image.layer.v1.tar"
_TITLE: Final = "org.opencontainers.image.title"
_LICENSES: Final = "org.opencontainers.image.licenses"
_THREADS: Final = 2
_NAMED_FILES: Final = 20
"""The number of files that an annotation names, because a manifest has to stay below 4 MiB."""


@dataclass(frozen=True, slots=True)
class ModelLabels:
    """The caller's statements about a model.

    Attributes:
        name: the name of the model; the default is the name of the folder.
        datasets: the digest of each training dataset, by its name.
        base_model: the base model.
        license: an SPDX expression.
        allowed: the reason to accept findings, by their rule.
        architecture: the architecture of the image; runtimes mount it on nodes of any architecture.

    """

    name: str = ""
    datasets: Mapping[str, str] = field(default_factory=dict)
    base_model: str = ""
    license: str = ""
    allowed: Mapping[str, str] = field(default_factory=dict)
    architecture: str = "amd64"


@dataclass(frozen=True, slots=True)
class PackedModel:
    """A model that is ready for the push. ``tree`` is the digest of the folder, as `goldenpath dataset hash` prints it."""

    manifest: Blob
    config: Blob
    layers: tuple[MeasuredLayer, ...]
    tree: DatasetDigest
    contents: ModelContents
    bill: Blob
    card: Blob

    @property
    def digest(self) -> str:
        return self.manifest.digest


def model_files(folder: Path) -> tuple[LayerFile, ...]:
    """The files of a model's folder, in the order of their paths.

    Raises:
        InputError: the folder has symbolic links, special files, empty folders or names that are not UTF-8. The error
            names all of them.
    """
    if not folder.is_dir():
        raise InputError.of("", "no-folder", "is not a folder", file=str(folder))
    tree = FileTree(os.fsencode(folder))
    files = []
    for found in tree:
        path = found.path.decode()
        if path.endswith("/"):
            tree.refuse(found.path, "empty-folder", "is an empty folder, which no loader needs; remove it")
        else:
            files.append(LayerFile(path, found.size))
    tree.raise_problems()
    return tuple(files)


def pack_model(
    folder: Path, labels: ModelLabels | None = None, on_read: Callable[[int], None] = lambda _: None
) -> PackedModel:
    """Check a folder, and compute its image. Every file is read once, and nothing is written.

    ``on_read`` receives numbers of bytes from several threads.

    Raises:
        ChecksFailedError: the folder has findings that the labels do not accept.
        InputError: a file cannot be packed, or the labels accept an unknown rule.
    """
    labels = labels or ModelLabels()
    _check_allowed(labels.allowed)
    files = model_files(folder)
    contents = check_contents(folder, [file.path for file in files])
    if refused := [each for each in contents.findings if each.rule not in labels.allowed]:
        raise ChecksFailedError(refused)
    with ThreadPoolExecutor(_THREADS) as pool:
        layers = tuple(pool.map(lambda layer: measure_layer(layer, on_read), plan_layers(folder, files)))
    digests = {path: sha256.hex() for layer in layers for path, sha256 in layer.files.items()}
    tree = dataset_digest(ManifestEntry(file.path, file.size, digests[file.path]) for file in files)
    facts = ModelFacts(
        labels.name or folder.resolve().name,
        tree.digest,
        contents.formats,
        contents.config,
        labels.datasets,
        labels.base_model,
        labels.license,
    )
    card = Blob(CARD_MEDIA_TYPE, model_card(folder, facts))
    bill = Blob(BOM_MEDIA_TYPE, canonical_json(bill_of_materials(facts, digests, card.digest)))
    config = _config(layers, labels.architecture)
    manifest = _manifest(config, layers, _annotations(facts, contents.findings, labels, bill, card))
    return PackedModel(manifest, config, layers, tree, contents, bill, card)


def push_model(
    client: RegistryClient,
    repository: str,
    model: PackedModel,
    *,
    tag: str = "",
    on_sent: Callable[[int], None] = lambda _: None,
) -> None:
    """Push a model to a registry: the layers, the manifest, the bill of materials with the card, and the tag last.

    Raises:
        ArtifactRefusedError: a file has changed since it was packed.
        RegistryError: the registry refuses, or cannot be reached.
    """
    for layer in model.layers:
        size = layer.layer.size
        if not push_stream(client, repository, layer.digest, size, layer.layer.chunks, on_sent=on_sent):
            on_sent(size)
    client.push_blob(repository, model.config)
    client.put_manifest(repository, model.digest, model.manifest)
    empty = Blob(media_types.EMPTY, b"{}")
    for blob in (empty, model.bill, model.card):
        client.push_blob(repository, blob)
    document = {
        "schemaVersion": 2,
        "mediaType": media_types.MANIFEST,
        "artifactType": BOM_MEDIA_TYPE,
        "config": empty.descriptor,
        "layers": [
            {**model.bill.descriptor, "annotations": {_TITLE: "bom.cdx.json"}},
            {**model.card.descriptor, "annotations": {_TITLE: "README.md"}},
        ],
        "subject": model.manifest.descriptor,
    }
    referrer = Blob(media_types.MANIFEST, canonical_json(document))
    add_referrer(client, repository, model.digest, referrer, BOM_MEDIA_TYPE)
    if tag:
        client.put_manifest(repository, tag, model.manifest)


def _check_allowed(allowed: Mapping[str, str]) -> None:
    problems = []
    for rule, reason in allowed.items():
        if rule not in ALLOWED_RULES:
            message = f"cannot be accepted; allowed rules are {', '.join(ALLOWED_RULES)}"
            problems.append(Problem("--allow", "allow", message, rule))
        elif not reason.strip():
            problems.append(Problem("--allow", "allow", "must have a reason: RULE=REASON", rule))
    if problems:
        raise InputError(problems)


def _config(layers: tuple[MeasuredLayer, ...], architecture: str) -> Blob:
    document = {
        "architecture": architecture,
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
    }
    return Blob(IMAGE_CONFIG, canonical_json(document))


def _manifest(config: Blob, layers: tuple[MeasuredLayer, ...], annotations: Mapping[str, str]) -> Blob:
    document: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": media_types.MANIFEST,
        "config": config.descriptor,
        "layers": [
            {"mediaType": IMAGE_LAYER, "digest": layer.digest, "size": layer.layer.size} for layer in layers
        ],
        "annotations": dict(annotations),
    }
    return Blob(media_types.MANIFEST, canonical_json(document))


def _annotations(
    facts: ModelFacts, findings: tuple[Finding, ...], labels: ModelLabels, bill: Blob, card: Blob
) -> dict[str, str]:
    annotations = {
        _TITLE: facts.name,
        names.MODEL_TREE: facts.tree,
        names.MODEL_FORMATS: ",".join(facts.formats),
        names.MODEL_BILL: bill.digest,
        names.MODEL_CARD: card.digest,
    }
    if facts.license:
        annotations[_LICENSES] = facts.license
    if facts.base_model:
        annotations[names.MODEL_BASE] = facts.base_model
    accepted: dict[str, Any] = {}
    for finding in findings:
        entry = accepted.setdefault(
            finding.rule, {"reason": labels.allowed[finding.rule], "count": 0, "files": []}
        )
        entry["count"] += 1
        if len(entry["files"]) < _NAMED_FILES:
            entry["files"].append(finding.file)
    if accepted:
        annotations[names.MODEL_ALLOWED] = canonical_json(accepted).decode()
    return annotations
