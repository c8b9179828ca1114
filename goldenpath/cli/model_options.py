"""What the commands on models have in common: where a model is, and its registry."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from goldenpath.model_artifacts.model_reference import ModelReference
    from goldenpath.oci.registry_client import RegistryClient

__all__ = ["existing_folder", "is_reference", "open_model_registry", "pairs"]


def is_reference(target: str) -> bool:
    """Whether a model is in a registry, and not a folder."""
    return target.startswith("oci://")


@contextmanager
def open_model_registry(reference: ModelReference) -> Iterator[RegistryClient]:
    """The registry of a model, with the credentials of the environment or of ``docker login``.

    Raises:
        InputError: the credentials cannot be used.
    """
    from goldenpath.oci.registry_client import RegistryClient  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.oci.registry_credentials import RegistryCredentials  # noqa: PLC0415

    credentials = RegistryCredentials.of_host(reference.address.host, os.environ)
    with RegistryClient(reference.address, credentials) as client:
        yield client


def pairs(texts: Iterable[str], option: str, form: str) -> dict[str, str]:
    """What ``--option KEY=VALUE`` gave, each key once.

    Raises:
        InputError: a text has another form, or a key comes twice.
    """
    found: dict[str, str] = {}
    problems = []
    for text in texts:
        key, is_given, value = text.partition("=")
        if not is_given or not key or not value.strip():
            problems.append(Problem(option, "option", f"must be {form}", text))
        elif key in found:
            problems.append(Problem(option, "option", f"names {key} twice", text))
        found[key] = value
    if problems:
        raise InputError(problems)
    return found


def existing_folder(target: str) -> Path:
    """A model's folder.

    Raises:
        InputError: it is not there.
    """
    folder = Path(target)
    if not folder.is_dir():
        message = (
            "is neither a folder nor a reference such as oci://registry.example.org/models/chat@sha256:…"
        )
        raise InputError.of("", "no-folder", message, file=target)
    return folder
