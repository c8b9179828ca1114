"""The metadata of a golden path, from ``golden-path.yaml``."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, ValidationError

from goldenpath import kubeyaml
from goldenpath.errors import DataError, InputError
from goldenpath.paths.extra_inputs import ExtraInputs
from goldenpath.spec.document_model import Model
from goldenpath.spec.types import Date  # noqa: TC001 - pydantic reads it when it creates the class

__all__ = [
    "METADATA_FILE",
    "MIGRATIONS_FILE",
    "ORIGIN_FILE",
    "GoldenPath",
    "Metadata",
    "builtin_folder",
    "read_golden_path",
    "shared_folder",
]

METADATA_FILE = "golden-path.yaml"
MIGRATIONS_FILE = "migrations.yaml"
"""The file with the steps that migrate requests from the previous major version."""
ORIGIN_FILE = ".goldenpath-origin.json"
"""The file that records the Git repository and commit of a fetched folder."""
_MOST_LEVELS = 8
_VERSION = r"^[1-9][0-9]*\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$"


class Metadata(Model):
    """The content of ``golden-path.yaml``."""

    format: Literal["golden-path/v1"]
    """Format of this file."""
    name: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=40)]
    """Name; a request says `<name>/v<major version>`."""
    version: Annotated[str, Field(pattern=_VERSION, max_length=40)]
    """Exact version, 1.0.0 or later: a change of the output is at least a new minor version."""
    title: Annotated[str, Field(max_length=80)]
    """Title, for a list or a form."""
    summary: Annotated[str, Field(max_length=300)]
    """What it gives, in a sentence or two."""
    owner: Annotated[str, Field(max_length=200)]
    """Backstage group that owns it."""
    lifecycle: Literal["experimental", "production", "deprecated"]
    """Backstage lifecycle."""
    kind: Annotated[
        str,
        Field(validation_alias=AliasChoices("kind", "spec"), pattern=r"^[a-z]+(-[a-z]+)*$", max_length=40),
    ]
    """Kind of request that it is rendered from, such as `tenant`, `workload` or `fleet` (`spec` in older files)."""
    startup_timeout: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,4}[smh]$")] = "5m"
    """How long a workload may take to become ready: the time-out of its Flux Kustomization."""
    deprecated: dict[Annotated[str, Field(pattern=_VERSION)], Date] = Field(default_factory=dict)
    """Older versions that are deprecated, each with the day until which it is kept."""
    platform: Annotated[str, Field(pattern=_VERSION)] | None = None
    """The oldest version of the platform's golden path that it needs on a cluster."""
    inputs: dict[str, Any] = Field(default_factory=dict)
    """Extra inputs, as a JSON Schema of an object."""


class GoldenPath:
    """A golden path: its metadata and its folder."""

    def __init__(self, metadata: Metadata, folder: Path) -> None:
        self.metadata = metadata
        self.folder = folder

    @property
    def name(self) -> str:
        return self.metadata.name

    @property
    def version(self) -> str:
        return self.metadata.version

    @property
    def major(self) -> str:
        """The name and major version, as in requests: ``tenant/v1``."""
        return f"{self.name}/v{self.version.split('.', 1)[0]}"

    @cached_property
    def is_from_git(self) -> bool:
        """Whether the files come from a Git repository. Then they must always match the lock."""
        return is_from_git(self.folder)

    @cached_property
    def inputs(self) -> ExtraInputs:
        """The extra inputs.

        Raises:
            DataError: they are not a usable JSON Schema.
        """
        return ExtraInputs(self.metadata.inputs, place=str(self.folder / METADATA_FILE))

    def digest(self, shared: Path | None) -> str:
        """Return ``sha256:`` and the digest of all files that rendering reads: templates, parts and metadata.

        Args:
            shared: the folder that all golden paths of the kind share. A frozen version has a copy with the same digest.
        """
        own = (
            self.template_folder,
            self.folder / "templates",
            self.folder / METADATA_FILE,
            self.folder / MIGRATIONS_FILE,
        )
        named = {file.relative_to(self.folder).as_posix(): file for place in own for file in _files(place)}
        if shared is not None:
            named |= {f"shared/{file.relative_to(shared).as_posix()}": file for file in _files(shared)}
        digest = hashlib.sha256()
        for name, file in sorted(named.items()):
            for part in (name.encode(), file.read_bytes()):
                digest.update(len(part).to_bytes(8) + part)
        return f"sha256:{digest.hexdigest()}"

    @cached_property
    def template_folder(self) -> Path:
        """The only folder whose name is a template, as in cookiecutter.

        Raises:
            DataError: the golden path has no such folder.
        """
        for entry in sorted(self.folder.iterdir()):
            if entry.is_dir() and "cookiecutter" in entry.name and "[[" in entry.name:
                return entry
        raise DataError(f"{self.folder}: has no folder '[[ cookiecutter.name ]]' with the templates")


def _files(place: Path) -> list[Path]:
    return [file for file in (place, *place.rglob("*")) if file.is_file()]


def is_from_git(folder: Path) -> bool:
    """Whether a folder was fetched from a Git repository."""
    return any((above / ORIGIN_FILE).is_file() for above in (folder, *folder.parents)[:_MOST_LEVELS])


def builtin_folder() -> Path:
    """Return the folder of the built-in golden paths: inside the installed package, or next to it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_templates"
    return installed if installed.is_dir() else package.parent / "templates"


def shared_folder(folder: Path, subject: str) -> Path | None:
    """Return the folder with the files and parts that all golden paths of a subject share, or None.

    A frozen version has its own copy in ``shared/``. Other versions use the folder that ships with goldenpath.
    """
    own, common = folder / "shared", builtin_folder() / "_shared" / subject
    return own if own.is_dir() else common if common.is_dir() else None


def read_golden_path(folder: Path) -> GoldenPath:
    """Read the golden path in a folder.

    Raises:
        DataError: the metadata is invalid; the message names the file and the field.
    """
    file = folder / METADATA_FILE
    try:
        metadata = Metadata.model_validate(kubeyaml.load_file(file))
    except ValidationError as error:
        details = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'the document'}: {e['msg']}" for e in error.errors()
        )
        raise DataError(f"{file}: {details}") from None
    except InputError as error:
        raise DataError("; ".join(str(problem.in_file(str(file))) for problem in error.problems)) from None
    return GoldenPath(metadata, folder)
