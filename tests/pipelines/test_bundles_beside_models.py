"""Bundles of a model from a registry that lists too many, or returns other bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from forged_artifacts import new_key
from pipeline_requests import bundle_of
from played_registry import PlayedRegistry, played_registry
from stored_models import REPOSITORY, digest_of, store

from goldenpath.errors import RegistryError
from goldenpath.oci.blob import digest_of as digest_of_bytes
from goldenpath.oci.registry_address import RegistryAddress
from goldenpath.oci.registry_client import RegistryClient
from goldenpath.signatures.bundle_referrers import bundles_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def played() -> Iterator[PlayedRegistry]:
    with played_registry() as running:
        yield running


@pytest.fixture
def client(played: PlayedRegistry) -> Iterator[RegistryClient]:
    with RegistryClient(RegistryAddress.parse(f"oci://{played.host}")) as opened:
        yield opened


def test_more_bundles_than_are_read_are_a_problem_and_hide_nothing(client: RegistryClient) -> None:
    bundles = [b'{"number": %d}' % number for number in range(51)]
    store(client, "chat", bundles)
    with pytest.raises(RegistryError, match="has 51 signatures and attestations, more than the limit of 50"):
        list(bundles_of(client, REPOSITORY, digest_of("chat")))


def test_a_bundle_with_other_bytes_than_its_digest_is_left_out(
    played: PlayedRegistry, client: RegistryClient
) -> None:
    good, changed = bundle_of(digest=digest_of("chat")), bundle_of(digest=digest_of("chat"), key=new_key())
    store(client, "chat", (good, changed))
    place = f"/v2/{REPOSITORY}/blobs/{digest_of_bytes(changed)}"
    assert len(list(bundles_of(client, REPOSITORY, digest_of("chat")))) == 2
    played.stored[place] = b"{}"
    assert list(bundles_of(client, REPOSITORY, digest_of("chat"))) == [good]
