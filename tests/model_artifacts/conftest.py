"""A model, a key, and a real registry."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from forged_artifacts import new_key, write_key
from local_registry import local_registry, missing_registry
from model_folders import new_model

from goldenpath.oci.registry_address import RegistryAddress
from goldenpath.oci.registry_client import RegistryClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from goldenpath.signatures.signing_keys import SigningKey

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def model_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The host of one registry for all tests; each test has its own repository."""
    if reason := missing_registry():
        pytest.skip(reason)
    with local_registry(tmp_path_factory.mktemp("model-registry")) as host:
        yield host


@pytest.fixture
def place(model_registry: str) -> str:
    return f"oci://{model_registry}/models/chat-{next(_NUMBERS)}"


@pytest.fixture
def client(place: str) -> Iterator[RegistryClient]:
    with RegistryClient(RegistryAddress.parse(place)) as made:
        yield made


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return new_model(tmp_path / "chat")


@pytest.fixture
def key() -> SigningKey:
    return new_key()


@pytest.fixture
def keys(key: SigningKey, tmp_path: Path) -> tuple[Path, Path]:
    """Files of the private and the public key."""
    return write_key(key, tmp_path, "model")
