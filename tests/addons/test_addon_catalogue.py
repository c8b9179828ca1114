"""The catalogue of add-ons matches the CRDs of releases, and covers all rendered kinds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from goldenpath.addons import Addon, addon_catalogue, load_catalogue, version_of
from goldenpath.errors import DataError
from goldenpath.spec.cluster_spec import AddonName

SERVED: dict[str, dict[str, dict[str, list[str]]]] = json.loads(
    (Path(__file__).parent / "served.json").read_text()
)
"""By add-on and release, ``apiVersion Kind`` with the fields that its CRD has (`tools/list_served_versions.py`)."""

RELEASES = [(id_, version) for id_, releases in SERVED.items() for version in releases]
EVERY = (addon_catalogue().kubernetes, *addon_catalogue())


def test_a_fleet_can_name_every_addon_of_the_catalogue() -> None:
    assert set(get_args(AddonName)) == {addon.id for addon in addon_catalogue()}


@pytest.mark.parametrize(("id_", "release"), RELEASES)
def test_a_release_serves_the_apis_of_the_catalogue(id_: str, release: str) -> None:
    addon, crds = addon_catalogue().get(id_), SERVED[id_][release]
    at = version_of(release)
    for api in addon.apis:
        for kind in api.kinds:
            said = version_of(api.since) <= at and (api.until is None or at < version_of(api.until))
            assert said == (f"{api.api_version} {kind}" in crds), f"{api.api_version} {kind}"


@pytest.mark.parametrize(("id_", "release"), RELEASES)
def test_a_release_has_the_fields_of_the_catalogue(id_: str, release: str) -> None:
    addon, crds = addon_catalogue().get(id_), SERVED[id_][release]
    # Older versions of a kind stay as they are; what is rendered is of the version that the catalogue names.
    rendered = {f"{api.api_version} {kind}" for api in addon.apis for kind in api.kinds}
    for feature in addon.features:
        if feature.value is not None:
            continue  # of a value a CRD may say nothing
        for kind in feature.kinds:
            for name, fields in crds.items():
                if name in rendered and name.endswith(f" {kind}"):  # a kind of Kubernetes itself has no CRD
                    said = version_of(feature.since) <= version_of(release)
                    assert said == (feature.field in fields), feature.title


@pytest.mark.parametrize("entry", EVERY, ids=lambda entry: entry.id)
def test_an_entry_judges_a_range_of_versions(entry: Addon) -> None:
    assert version_of(entry.first) < version_of(entry.last)
    for fact in (*entry.apis, *entry.features):
        assert version_of(fact.since) <= version_of(entry.last)


def test_an_addon_that_owns_workloads_names_its_accounts() -> None:
    assert [entry.id for entry in EVERY if entry.owns_workloads and not entry.accounts()] == []


def test_flux_does_not_count_as_a_controller() -> None:
    assert not addon_catalogue().get("flux").owns_workloads


@pytest.mark.parametrize(
    ("older", "newer"), [("0.9", "0.15"), ("2.9", "2.20"), ("0.6.6", "0.7"), ("1.9", "1.36"), ("2", "2.6")]
)
def test_versions_are_compared_as_numbers(older: str, newer: str) -> None:
    assert version_of(older) < version_of(newer)


def entry(**changes: Any) -> dict[str, Any]:
    body = {
        "id": "x",
        "title": "X",
        "first": "1.0",
        "last": "2.0",
        "namespace": "x",
        "apis": [{"group": "x.example", "version": "v1", "kinds": ["X"], "since": "1.0", "sources": ["s"]}],
        "sources": {"s": {"name": "x/x", "version": "v1.0", "section": "crds", "date": "2026-01-01"}},
    }
    return body | changes


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"first": "new"}, "is not a version"),
        ({"service_accounts": ["x"]}, "the service accounts have no source"),
        ({"account_sources": ["t"]}, "a fact names the unknown source t"),
        ({"apis": []}, "no fact names the source s"),
        ({"id": "y"}, "does not match the file's name"),
    ],
)
def test_a_broken_entry_is_refused_by_name(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    (tmp_path / "x.yaml").write_text(json.dumps(entry(**changes)))
    with pytest.raises(DataError, match=told) as error:
        load_catalogue(tmp_path)
    assert "x.yaml" in str(error.value)
