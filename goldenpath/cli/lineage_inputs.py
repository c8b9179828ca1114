"""What the commands of ``goldenpath lineage``, and `check --bundles`, read: the fleet's builder, objects, and recorded bundles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml
from goldenpath.cli.input_files import find_fleet, read_source, yaml_files
from goldenpath.errors import InputError
from goldenpath.spec.parse import parse_fleet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.provenance.training_verification import Demand
    from goldenpath.spec.model_builder import Provenance

__all__ = ["builder_of", "bundles_in", "demand_of", "namespace_of", "objects_in"]

_MOST_BUNDLES = 10_000
_MOST_BYTES = 16 << 20


def builder_of(fleet_file: Path | None) -> Provenance:
    """The builder that the fleet names.

    Raises:
        InputError: there is no fleet file, or it names no builder.

    """
    file = fleet_file or find_fleet()
    builder = parse_fleet(kubeyaml.load_file(file), file=str(file)).provenance
    if builder is None:
        message = "is required here: the fleet names no builder of models"
        raise InputError.of("provenance", "required", message, file=str(file))
    return builder


def demand_of(builder: Provenance, tenant: str | None) -> Demand:
    """What the fleet demands of the provenance of a tenant's model.

    Raises:
        InputError: a key of the fleet cannot be used.

    """
    from goldenpath.provenance.training_verification import Demand  # noqa: PLC0415 - needs an extra
    from goldenpath.signatures.signing_keys import PublicKey, TrustedKeys  # noqa: PLC0415

    keys = tuple(PublicKey.of_pem(pem.encode(), "provenance.keys") for pem in builder.keys)
    return Demand(TrustedKeys(keys), builder.builder, tenant)


def objects_in(name: str) -> Iterator[tuple[str, Any]]:
    """The objects of a file, of a folder's files, or of standard input, each with what it is called.

    Raises:
        InputError: a file cannot be read.

    """
    path = Path(name)
    for file in yaml_files(path) if path.is_dir() else (name,):
        for document in read_source(file).documents:
            items = document.get("items") if isinstance(document, dict) else None
            for body in items if isinstance(items, list) else [document]:
                if isinstance(body, dict):
                    metadata = body.get("metadata")
                    label = metadata.get("name", "") if isinstance(metadata, dict) else ""
                    yield f"{body.get('kind', '')} {label}".strip(), body


def namespace_of(body: Any) -> str | None:
    """The namespace that an object names; None where it names none."""
    metadata = body.get("metadata") if isinstance(body, dict) else None
    namespace = metadata.get("namespace") if isinstance(metadata, dict) else None
    return namespace if isinstance(namespace, str) else None


def bundles_in(folder: Path) -> list[bytes]:
    """The recorded bundles of a folder; which model each is about, it says itself.

    Raises:
        InputError: there are too many, or one is too large or cannot be read.

    """
    found: list[bytes] = []
    for file in sorted(folder.rglob("*.json")):
        if len(found) >= _MOST_BUNDLES:
            raise InputError.of(
                "--bundles", "too-many", f"has more than {_MOST_BUNDLES:,} files", str(folder)
            )
        try:
            if file.stat().st_size > _MOST_BYTES:
                raise InputError.of(
                    "--bundles", "too-large", f"has more than {_MOST_BYTES:,} bytes", str(file)
                )
            found.append(file.read_bytes())
        except OSError as error:
            raise InputError.of(
                "--bundles", "no-file", f"cannot be read: {error.strerror}", str(file)
            ) from None
    return found
