"""The examples of the golden paths: each is documentation, a golden case and a parity case in one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath import kubeyaml
from goldenpath.paths import builtin_folder
from goldenpath.pipeline import Pipeline, parse
from goldenpath.spec.parse import parse_fleet

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.manifests import Manifests

LISTING = "FILES"


@dataclass(frozen=True)
class Story:
    """A folder with ``spec.yaml``, for tenants ``fleet.yaml``, and ``expected/``.

    ``expected/FILES`` lists every file that is rendered; of those, ``expected/`` holds the ones that the story
    is about.
    """

    path: str
    folder: Path

    @property
    def name(self) -> str:
        return f"{self.path}/{self.folder.name}"

    @property
    def spec_file(self) -> Path:
        return self.folder / "spec.yaml"

    @property
    def fleet_file(self) -> Path:
        return self.folder / "fleet.yaml" if self.path == "tenant" else self.spec_file

    @property
    def expected(self) -> Path:
        return self.folder / "expected"

    def pipeline(self) -> Pipeline:
        return Pipeline(parse_fleet(kubeyaml.load_file(self.fleet_file)))

    def render(self) -> Manifests:
        pipeline = self.pipeline()
        if self.path == "platform":
            return pipeline.render_platform()
        return pipeline.render(parse(kubeyaml.load_file(self.spec_file), fleet=pipeline.fleet))


def stories() -> list[Story]:
    return [
        Story(path.name, folder)
        for path in sorted(builtin_folder().iterdir())
        if (path / "examples").is_dir()
        for folder in sorted((path / "examples").iterdir())
    ]
