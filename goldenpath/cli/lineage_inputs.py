"""Reads the inputs of ``goldenpath lineage``: the fleet's builder, its demands on provenance, and objects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath import kubeyaml
from goldenpath.cli.input_files import find_fleet, read_source, yaml_files
from goldenpath.errors import InputError
from goldenpath.manifests import ManifestObject, RenderedFile, expand_list
from goldenpath.spec.parse import parse_fleet
from goldenpath.spec.ref import Ref

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.fleet import Fleet
    from goldenpath.provenance.training_verification import Demand
    from goldenpath.spec.fleet_spec import FleetSpec
    from goldenpath.spec.model_builder import Provenance

__all__ = ["builder_of", "demand_of", "named_builder", "objects_in", "objects_of"]


def builder_of(fleet_file: Path | None) -> Provenance:
    """The builder in a fleet file; by default in the fleet file here or in a folder above.

    Raises:
        InputError: there is no fleet file, or it names no builder.
    """
    file = fleet_file or find_fleet()
    return named_builder(parse_fleet(kubeyaml.load_file(file), file=str(file)), str(file))


def named_builder(fleet: FleetSpec, file: str) -> Provenance:
    """The builder in a fleet.

    Raises:
        InputError: the fleet names no builder.
    """
    if fleet.provenance is None:
        message = "is required: add the builder of models, its image and its keys to the fleet"
        raise InputError.of("provenance", "required", message, file=file)
    return fleet.provenance


def demand_of(builder: Provenance, tenant: str | None) -> Demand:
    """The fleet's demands on the provenance of a tenant's model.

    Raises:
        InputError: a key of the fleet cannot be used.
    """
    from goldenpath.provenance.training_verification import Demand  # noqa: PLC0415 - needs an extra
    from goldenpath.signatures.signing_keys import PublicKey, TrustedKeys  # noqa: PLC0415

    keys = tuple(PublicKey.of_pem(pem.encode(), "provenance.keys") for pem in builder.keys)
    return Demand(TrustedKeys(keys), builder.builder, tenant)


def objects_in(name: str) -> Iterator[ManifestObject]:
    """The objects of a file, of a folder's files, or of standard input.

    Raises:
        InputError: a file cannot be read.
    """
    path = Path(name)
    for file in yaml_files(path) if path.is_dir() else (name,):
        for document in read_source(file).documents:
            for _, body in expand_list(document) if isinstance(document, dict) else ():
                if isinstance(body, dict):
                    yield ManifestObject(str(file), body)


def objects_of(fleet: Fleet, name: str) -> Iterator[ManifestObject]:
    """The objects of a workload in a fleet repository, or of a tenant with all its workloads.

    Raises:
        InputError: the repository has no tenant or workload of this name, or a file cannot be read.
    """
    from goldenpath.fleet.request_lookup import existing  # noqa: PLC0415 - loads Git, which `--help` does not need

    state = fleet.state()
    owned = existing(state, Ref.parse(name))
    for owner in (owned, *(() if owned.ref.tenant else state.tree.workloads(name))):
        for path, text in state.tree.texts(state.tree.files(owner)).items():
            yield from RenderedFile(path, text).objects()
