"""The examples of the golden paths: each is documentation, a golden case and a parity case in one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath import kubeyaml
from goldenpath.kinds import kind_of
from goldenpath.paths import Library, builtin_folder
from goldenpath.paths.path_metadata import read_golden_path
from goldenpath.pipeline import Pipeline, Rendered, load, parent_of
from goldenpath.spec.parse import parse_fleet
from goldenpath.tenant_requests import repository_tenants

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.manifests import Manifests
    from goldenpath.pipeline import Rendered

LISTING = "FILES"


@dataclass(frozen=True)
class Story:
    """A folder with ``spec.yaml`` and, for a request, ``fleet.yaml``; the tenants that it names are beside that.

    An example of the current version has ``expected/``: its ``FILES`` lists every file that is rendered, and
    beside it are the files that the story is about. An example of a frozen version has ``SHA256SUMS`` of every
    file, in the format of ``sha256sum``.
    """

    path: str
    folder: Path
    version: str | None = None
    """The frozen version; None for the current one."""
    library: Library | None = None
    """The golden paths; the built-in ones where none are given."""

    @property
    def name(self) -> str:
        version = f"-{self.version}" if self.version else ""
        return f"{self.path}{version}/{self.folder.name}"

    @property
    def template(self) -> Path:
        """The folder of the golden path, as cookiecutter is given it."""
        return self.folder.parent.parent

    @property
    def spec_file(self) -> Path:
        return self.folder / "spec.yaml"

    @property
    def fleet_file(self) -> Path:
        return self.folder / "fleet.yaml" if self.is_requested else self.spec_file

    @property
    def expected(self) -> Path:
        return self.folder / "expected"

    @property
    def is_requested(self) -> bool:
        """Whether the example is a request, and not a fleet."""
        return kind_of(read_golden_path(self.template)).is_requested

    def run(self) -> Rendered:
        pipeline = Pipeline(parse_fleet(kubeyaml.load_file(self.fleet_file)), library=self.library)
        if not self.is_requested:
            return pipeline.run(pipeline.fleet, version=self.version)
        tenants = repository_tenants(self.fleet_file, pipeline.fleet, pipeline.library)
        request = load(self.spec_file, fleet=pipeline.fleet, library=pipeline.library, tenants=tenants)
        return pipeline.run(request, version=self.version, parent=parent_of(request, tenants))

    def render(self) -> Manifests:
        return self.run().manifests


def stories() -> list[Story]:
    """The examples of the current versions."""
    return [story for path in _paths() for story in _examples(path)]


def frozen_stories() -> list[Story]:
    """The examples of every older version that stays byte for byte."""
    return [
        story
        for path in _paths()
        if (path / "versions").is_dir()
        for version in sorted((path / "versions").iterdir())
        for story in _examples(path, version)
    ]


def _paths() -> list[Path]:
    return sorted(path for path in builtin_folder().iterdir() if (path / "examples").is_dir())


def _examples(path: Path, version: Path | None = None) -> list[Story]:
    folder = (version or path) / "examples"
    return [Story(path.name, each, version.name if version else None) for each in sorted(folder.iterdir())]
