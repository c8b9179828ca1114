"""Seven faults of a model: request, CI and admission refuse each with the same message."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from kyverno_cli import missing_kyverno, verdicts
from model_folders import GGUF, new_model
from recorded_pods import good_bundle, models
from served_models import FLEET, pod_of, write_files
from stored_models import REPOSITORY, digest_of, running_registry, store, tag

from goldenpath import kubeyaml
from goldenpath.cli.root_command import cli
from goldenpath.model_artifacts.packing import pack_model, push_model
from goldenpath.oci import media_types
from goldenpath.oci.blob import Blob
from goldenpath.provenance.model_training import PREDICATE
from goldenpath.provenance.refusals import REFUSALS
from goldenpath.signatures.bundle_referrers import attach_bundle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from goldenpath.oci.registry_client import RegistryClient

PLACES = ("request", "CI", "admission")
ROWS = {
    "mutated dataset": ("mutated", "dataset-changed"),
    "missing lineage file": ("no-record", "lineage-missing"),
    "foreign builder": ("other-builder", "foreign-builder"),
    "copied model": ("copied", "copied-model"),
    # Two files that swap their names are another model, which has no provenance.
    "swapped file name": ("swapped", "no-provenance"),
    "two provenances": ("two", "two-provenances"),
    "tag": ("tag", "model-tag"),
}
"""The recorded model of each fault, and the rule that refuses it."""

OPEN = {
    (
        "two provenances",
        "admission",
    ): "Kyverno 1.19.1 gives an expression one statement of each type, and counts signers",
}
"""The faults that a place cannot find, and the reason."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryClient]:
    with running_registry("docker-registry", tmp_path_factory.mktemp("registry")) as opened:
        yield opened


@pytest.fixture(scope="module")
def references(client: RegistryClient, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The models of the rows in a registry, by their names, and one model without a fault."""
    place = f"{client.address.host}/{REPOSITORY}"
    recorded = {model.name: model for model in models(place, digest_of)}
    for model in recorded.values():
        store(client, model.name, model.bundles)
    # Kyverno looks an image up before it judges its name.
    tag(client, "mutated", "latest")
    intact, swapped = intact_and_swapped(client, tmp_path_factory.mktemp("model"))
    return {
        **{name: recorded[name].reference for name, _ in ROWS.values() if name in recorded},
        "intact": f"{place}@{intact}",
        "swapped": f"{place}@{swapped}",
    }


def intact_and_swapped(client: RegistryClient, folder: Path) -> tuple[str, str]:
    """The digest of a model with provenance, and its digest after two of its files have swapped their names."""
    model = new_model(folder / "chat", **{"a.gguf": GGUF + b"a", "b.gguf": GGUF + b"b"})
    intact = pack_model(model)
    push_model(client, REPOSITORY, intact)
    bundle = Blob(media_types.BUNDLE, good_bundle(f"{client.address.host}/{REPOSITORY}", intact.digest))
    created = "2026-11-30T10:00:00Z"
    attach_bundle(
        client, REPOSITORY, intact.manifest.descriptor, bundle, predicate_type=PREDICATE, created=created
    )
    for before, after in (("a", "c"), ("b", "a"), ("c", "b")):
        (model / f"{before}.gguf").rename(model / f"{after}.gguf")
    swapped = pack_model(model)
    push_model(client, REPOSITORY, swapped)
    return intact.digest, swapped.digest


@pytest.fixture(scope="module")
def said(
    client: RegistryClient, references: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str], list[str]]:
    """The refusals of a place, by the name of the model."""

    @functools.cache
    def by_kyverno() -> dict[str, tuple[str, str]]:
        pods = [pod_of(reference, name) for name, reference in references.items()]
        return verdicts(pods, FLEET, tmp_path_factory.mktemp("kyverno") / "run")

    def of(place: str, name: str) -> list[str]:
        folder = tmp_path_factory.mktemp(name)
        if place == "admission":
            if reason := missing_kyverno():
                pytest.skip(reason)
            result, words = by_kyverno()[name]
            return [] if result == "pass" else [words]
        write_files(folder, references[name])
        if place == "CI":
            (folder / "service.yaml").write_text(kubeyaml.dump(pod_of(references[name], name)))
        return said_by_check(folder, client.address.host)

    return of


def said_by_check(folder: Path, host: str) -> list[str]:
    """The messages of `goldenpath check` about the model of a request or of a Pod, each with its fix."""
    options = ["--fleet", str(folder / "goldenpath.yaml"), "--registry", f"oci://{host}", "--format", "json"]
    result = CliRunner().invoke(cli, ["check", str(folder), *options], prog_name="goldenpath")
    document = json.loads(result.stdout)
    problems = [each["message"] for each in document["problems"] if each["rule"] in REFUSALS]
    findings = [each for each in document["findings"] if each["rule"] in REFUSALS]
    return [*problems, *(f"{each['message']} Fix: {each['fix']}" for each in findings)]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("row", ROWS)
def test_each_place_refuses_each_row_in_the_same_words(
    said: Callable[[str, str], list[str]], row: str, place: str
) -> None:
    name, rule = ROWS[row]
    words = [REFUSALS[rule].message, REFUSALS[rule].fix.removesuffix(".")]
    found = said(place, name)
    if (row, place) in OPEN:
        assert not any(part in each for each in found for part in words), "it is not open any more"
    else:
        (one,) = found
        assert all(part in one for part in words)


@pytest.mark.parametrize("place", PLACES)
def test_each_place_takes_the_model_as_it_was_signed(
    said: Callable[[str, str], list[str]], place: str
) -> None:
    assert said(place, "intact") == []
