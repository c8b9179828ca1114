"""The examples of the golden paths: each is documentation, a golden case and a parity case in one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath import kubeyaml
from goldenpath.paths import Library, builtin_folder
from goldenpath.pipeline import Pipeline, Tenants, parent_of, parse
from goldenpath.spec.parse import parse_fleet
from goldenpath.tenant_requests import tenants_beside

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.manifests import Manifests
    from goldenpath.pipeline import Rendered

LISTING = "FILES"


@dataclass(frozen=True)
class Story:
    """A folder with ``spec.yaml`` and, for requests, ``fleet.yaml``; for workloads also ``tenants/<tenant>/tenant.yaml``.

    An example of the current version has ``expected/``: its ``FILES`` lists every file that is rendered, and
    beside it are the files that the story is about. An example of a frozen version has ``SHA256SUMS`` of every
    file, in the format of ``sha256sum``.
    """

    path: str
    folder: Path
    version: str | None = None
    """The frozen version; None for the current one."""

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
        return self.spec_file if self.path == "platform" else self.folder / "fleet.yaml"

    @property
    def expected(self) -> Path:
        return self.folder / "expected"

    def pipeline(self) -> Pipeline:
        return Pipeline(parse_fleet(kubeyaml.load_file(self.fleet_file)))

    def tenants(self, pipeline: Pipeline) -> Tenants | None:
        """The tenants whose requests are beside the fleet, where the example has any."""
        if not (self.folder / "tenants").is_dir():
            return None
        return tenants_beside(self.fleet_file, pipeline.fleet, Library())

    def run(self) -> Rendered:
        pipeline = self.pipeline()
        if self.path == "platform":
            return pipeline.run(pipeline.fleet, version=self.version)
        tenants = self.tenants(pipeline)
        request = parse(kubeyaml.load_file(self.spec_file), fleet=pipeline.fleet, tenants=tenants)
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
