"""Croissant and OpenLineage: their own libraries read our documents, and foreign Croissant is verified."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema_rs
import pytest
from judges import ROOT, judged, needs_judges

from goldenpath.datasets import croissant
from goldenpath.datasets.croissant import croissant_document, verify_croissant
from goldenpath.datasets.hashing import hash_dataset
from goldenpath.datasets.lineage_facet import FACET, SCHEMA_URL, lineage_dataset
from goldenpath.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

ODD = "sub/b c#1%é.txt"
READ_CROISSANT = """
import json, sys
import mlcroissant
found = mlcroissant.Dataset(sys.argv[1]).metadata
assert not found.issues.errors, found.issues.report()
assert str(found.conforms_to).endswith("1.1") or "1.1" in str(found.conforms_to), found.conforms_to
print(json.dumps([[each.content_url, each.sha256] for each in found.distribution if hasattr(each, "sha256")]))
"""


@pytest.fixture
def data(tmp_path):
    place = tmp_path / "data"
    (place / "sub").mkdir(parents=True)
    (place / "a.csv").write_text("1\n")
    (place / ODD).write_text("2\n")
    return place


def written(data: Path, file: Path) -> dict:
    manifest = file.with_name("manifest")
    dataset = hash_dataset(data, manifest=manifest).dataset
    about = {"license": "CC0-1.0", "description": "Two files", "url": "https://data.example.org"}
    document = croissant_document(dataset, manifest, name="data", about=about, manifest_url="manifest")
    file.write_text(json.dumps(document))
    return document


@needs_judges
def test_mlcroissant_reads_our_document(data, tmp_path):
    document = written(data, tmp_path / "croissant.json")
    read = json.loads(judged(READ_CROISSANT, tmp_path / "croissant.json").splitlines()[-1])
    assert [each[1] for each in read] == [each["sha256"] for each in document["distribution"]]
    assert read[0] == ["manifest", document["identifier"].removeprefix("sha256:")]


@needs_judges
def test_mlcroissant_reads_a_dataset_of_too_many_files_to_name(data, tmp_path, monkeypatch):
    monkeypatch.setattr(croissant, "MAX_NAMED_FILES", 1)
    document = written(data, tmp_path / "croissant.json")
    assert [each["@type"] for each in document["distribution"]] == ["cr:FileObject", "cr:FileSet"]
    judged(READ_CROISSANT, tmp_path / "croissant.json")


def test_our_own_croissant_is_verified(data, tmp_path):
    written(data, tmp_path / "croissant.json")
    assert verify_croissant(data, tmp_path / "croissant.json").count("same") == 3
    (data / ODD).write_text("3\n")
    (data / "a.csv").unlink()
    verdict = verify_croissant(data, tmp_path / "croissant.json")
    assert not verdict.is_same
    assert [each.state for each in verdict.files] == ["same", "missing", "changed"]


def state(data: Path, tmp_path: Path, entry: object) -> tuple[str, str]:
    file = tmp_path / "foreign.json"
    file.write_text(json.dumps({"distribution": entry}))
    (verdict,) = verify_croissant(data, file).files
    return verdict.state, verdict.message


# `printf '1\n' | sha256sum`
ONE = "4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865"


@pytest.mark.parametrize(
    "entry",
    [
        {
            "@type": "sc:FileObject",
            "name": "a.csv",
            "contentUrl": "https://example.org/x/a.csv",
            "sha256": ONE,
        },
        {
            "@type": "cr:FileObject",
            "@id": "q",
            "contentUrl": "https://example.org/x/a.csv?d=1",
            "sha256": ONE.upper(),
        },
        {
            "@type": "https://schema.org/FileObject",
            "sc:contentUrl": "./a.csv",
            "https://schema.org/sha256": ONE,
        },
        {
            "@type": "cr:FileObject",
            "name": {"@value": "a"},
            "contentUrl": ["a.csv"],
            "cr:sha256": {"@value": ONE},
        },
    ],
    ids=["0.8 and by name", "by the name in the address", "whole addresses as keys", "values with languages"],
)
def test_the_forms_of_strangers_are_read(data, tmp_path, entry):
    assert state(data, tmp_path, entry) == ("same", "a.csv")
    assert state(data, tmp_path, [entry])[0] == "same"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"@type": "cr:FileSet", "includes": "*.csv"}, "a FileSet, which has no checksum"),
        ({"@type": "cr:FileSet", "containedIn": {"@id": "zip"}, "includes": "*.csv"}, "inside zip"),
        (
            {"@type": "cr:FileObject", "contentUrl": "a.csv", "md5": "b026324c6904b2a9cb4b88d6d61c81d1"},
            "only an MD5",
        ),
        (
            {
                "@type": "cr:FileObject",
                "sha256": "https://github.com/mlcommons/croissant/issues/80",
                "name": "repo",
            },
            "no SHA-256",
        ),
    ],
    ids=["a FileSet", "inside an archive", "an MD5", "what Hugging Face writes"],
)
def test_entries_without_a_checksum_are_reported_and_prove_nothing(data, tmp_path, entry, said):
    found, message = state(data, tmp_path, entry)
    assert found == "unpinned"
    assert said in message
    assert not verify_croissant(data, tmp_path / "foreign.json").is_same


@pytest.mark.parametrize(
    "url", ["../secret", "/etc/hostname", "link/b", "link.csv", "sub", "a.csv/../../secret"]
)
def test_a_path_that_leaves_the_folder_is_not_read(data, tmp_path, url):
    (tmp_path / "secret").write_text("1\n")
    other = tmp_path / "other"
    other.mkdir()
    (other / "b").write_text("1\n")
    (data / "link").symlink_to(other)
    (data / "link.csv").symlink_to(tmp_path / "secret")
    entry = {"@type": "cr:FileObject", "name": "n", "contentUrl": url, "sha256": ONE}
    assert state(data, tmp_path, entry)[0] == "missing"


@pytest.mark.parametrize("text", ["[]", "{}", '{"distribution": 3}', '{"distribution": [3]}'])
def test_a_document_without_files_is_refused(data, tmp_path, text):
    (tmp_path / "foreign.json").write_text(text)
    with pytest.raises(InputError, match="must be the list of the files"):
        verify_croissant(data, tmp_path / "foreign.json")


def test_the_facet_is_as_its_schema_says(data):
    facet = lineage_dataset(hash_dataset(data).dataset, namespace="s3://data", name="images")["facets"][FACET]
    schema = json.loads((ROOT / "docs/reference/schemas/openlineage-dataset-digest-v1.json").read_text())
    assert schema["$id"] == facet["_schemaURL"] == SCHEMA_URL
    del schema["allOf"]  # OpenLineage's own, judged by its library in the next test
    validator = jsonschema_rs.validator_for(schema)
    validator.validate(facet)
    assert not validator.is_valid(facet | {"digest": "sha256:x"})


@needs_judges
def test_openlineage_takes_the_dataset(data, tmp_path):
    """The client of OpenLineage serialises an event with the facets."""
    place = tmp_path / "facets.json"
    place.write_text(json.dumps(lineage_dataset(hash_dataset(data).dataset, namespace="file", name="data")))
    code = """
import json, sys
from openlineage.client.event_v2 import InputDataset, Job, Run, RunEvent, RunState
from openlineage.client.generated.base import DatasetFacet
from openlineage.client.generated.dataset_version_dataset import DatasetVersionDatasetFacet
from openlineage.client.serde import Serde
from openlineage.client.uuid import generate_new_uuid
document = json.load(open(sys.argv[1]))
version = document["facets"]["version"]
ours = DatasetVersionDatasetFacet(version["datasetVersion"])
assert ours._schemaURL == version["_schemaURL"], ours._schemaURL
facet = document["facets"]["goldenpath_datasetDigest"]
assert {"_producer", "_schemaURL"} <= set(facet)
assert DatasetFacet.__attrs_attrs__
event = RunEvent(eventTime="2026-11-30T00:00:00Z", producer=facet["_producer"], run=Run(str(generate_new_uuid())),
    job=Job("n", "j"), eventType=RunState.COMPLETE,
    inputs=[InputDataset(document["namespace"], document["name"], facets=document["facets"])])
print(Serde.to_json(event))
"""
    event = json.loads(judged(code, place).splitlines()[-1])
    assert event["inputs"][0]["facets"][FACET]["files"] == 2
