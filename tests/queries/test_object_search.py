"""A search of rendered objects finds objects of all owners on the branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from request_commits import FLEET

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.fleet import Fleet
from goldenpath.manifests import RenderedFile
from goldenpath.queries import search_objects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.fleet.fleet_state import FleetState


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FleetState]:
    place = tmp_path_factory.mktemp("objects") / "fleet.git"
    request = {"golden_path": "tenant/v1", "owner": "red", "clusters": ["berlin"]}
    with Fleet.create(place, kubeyaml.dump(FLEET), bare=True) as fleet:
        fleet.publish({**request, "name": "vision", "compute": {"pods": 7}}, {**request, "name": "speech"})
        yield fleet.state()


def test_objects_are_found_by_field_and_owner(state: FleetState) -> None:
    search = search_objects(state, 'kind == "ResourceQuota" && spec.hard.pods == "7"')
    assert [(found.name, found.cluster, str(found.ref)) for found in search.found] == [
        ("ResourceQuota/vision-compute", "berlin", "tenant vision")
    ]
    everything = search_objects(state, 'tenant == "speech" && cluster == "berlin" && owner == "red"')
    texts = {path: state.snapshot.read(path) or b"" for path in state.snapshot.files("clusters/berlin")}
    of_speech = [path for path in texts if "/tenants/speech/" in path or path.endswith("flux/speech.yaml")]
    by_hand = [item for path in of_speech for item in RenderedFile(path, texts[path].decode()).objects()]
    assert sorted(found.name for found in everything.found) == sorted(f"{i.kind}/{i.name}" for i in by_hand)


def test_a_kind_types_its_fields(state: FleetState) -> None:
    with pytest.raises(InputError) as refused:
        search_objects(state, 'kind == "ResourceQuota" && has(spec.hrd.pods)')
    assert refused.value.problems[0].nearest == "hard"


def test_without_a_kind_the_fields_of_every_kind_are_known(state: FleetState) -> None:
    with pytest.raises(InputError) as refused:
        search_objects(state, 'metadata.nam == "x"')
    assert refused.value.problems[0].nearest == "name"
    assert search_objects(state, "has(self.spec)").found


def test_an_unknown_kind_gives_a_note(state: FleetState) -> None:
    search = search_objects(state, 'kind == "ResourceQota"')
    assert (search.found, search.looked_at) == ((), 0)
    assert list(search.notes) == ["no schema is known for a kind ResourceQota; did you mean ResourceQuota?"]


def test_objects_of_platforms_are_searched(state: FleetState) -> None:
    found = search_objects(state, 'kind == "ValidatingAdmissionPolicy"', kind="platform").found
    assert {str(each.ref) for each in found} == {"platform berlin", "platform austin"}
    assert search_objects(state, 'kind == "ValidatingAdmissionPolicy"', kind="tenant").found == ()


def test_an_object_without_the_field_is_left_out(state: FleetState) -> None:
    search = search_objects(state, 'metadata.namespace == "vision"', kind="tenant")
    assert all(found.body["metadata"]["namespace"] == "vision" for found in search.found)
    assert search.not_set["namespace"] > 0
