"""Measures how long rendering takes, and compares it with peers that do the same work in the same run.

    python benchmarks/render_speed.py [--tenants 1000] [--rounds 5]

One tenant: goldenpath, cookiecutter's API, and `kubectl kustomize` of the same manifests if kubectl is installed.
Many tenants: render and write them, `cp -r` of the same files, and render and check them.
Rounds alternate, so that a machine that slows down slows all of them. The output has medians and their ratios.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from alternating_rounds import medians
from cookiecutter.main import cookiecutter

from goldenpath import kubeyaml
from goldenpath.file_output import write_files
from goldenpath.paths import builtin_folder
from goldenpath.pipeline import Pipeline, parse
from goldenpath.spec.parse import parse_fleet

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.spec.tenant import Tenant

REQUESTS = Path(__file__).resolve().parent.parent / "tests" / "requests"
CLUSTER = "eu-central"


def tenants(pipeline: Pipeline, number: int) -> list[Tenant]:
    """The sample request under many names."""
    document = kubeyaml.load_file(REQUESTS / "vision.yaml")
    return [parse({**document, "name": f"team-{index:05}"}, fleet=pipeline.fleet) for index in range(number)]


class Bench:
    """The timed work, in a temporary folder."""

    def __init__(self, folder: Path, number: int) -> None:
        self.folder = folder
        self.fleet_file = REQUESTS / "goldenpath.yaml"
        self.pipeline = Pipeline(parse_fleet(kubeyaml.load_file(self.fleet_file)))
        self.many = tenants(self.pipeline, number)
        self.one = self.many[0]
        self.pipeline.render(self.one)  # compiles the templates
        self._fresh = 0

    def fresh(self) -> Path:
        """The path of a new folder. A folder that was emptied is slower to fill (ext4's inode allocator)."""
        self._fresh += 1
        return self.folder / f"out-{self._fresh}"

    def render_one(self) -> None:
        self.pipeline.render(self.one)

    def render_and_write(self) -> None:
        out = self.fresh()
        for tenant in self.many:
            write_files(out, self.pipeline.render(tenant).files)

    def render_and_check(self) -> None:
        for tenant in self.many:
            self.pipeline.check(tenant)

    def cookiecutter_one(self) -> None:
        out = self.fresh()
        answers: dict[str, Any] = {
            "spec": str(REQUESTS / "vision.yaml"),
            "fleet": str(self.fleet_file),
            "cluster": CLUSTER,
        }
        cookiecutter(
            str(builtin_folder() / "tenant"),
            no_input=True,
            extra_context=answers,
            output_dir=str(out),
            default_config=True,
        )

    def kustomize_one(self, kubectl: str, folder: Path) -> None:
        subprocess.run([kubectl, "kustomize", str(folder)], check=True, capture_output=True)

    def copy(self, source: Path) -> None:
        subprocess.run(["cp", "-r", str(source), str(self.fresh())], check=True)


def kustomization(bench: Bench) -> Path:
    """A folder with one tenant's manifests that kustomize can build."""
    folder = bench.folder / "kustomize"
    write_files(folder, bench.pipeline.render(bench.one).files)
    manifests = folder / "clusters" / CLUSTER / "tenants" / bench.one.name
    resources = sorted(file.name for file in manifests.iterdir())
    body = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": resources}
    (manifests / "kustomization.yaml").write_text(yaml.safe_dump(body))
    return manifests


def report(title: str, medians: dict[str, float], base: str) -> None:
    print(f"\n{title}")
    for name, median in medians.items():
        print(f"  {name:<44} {median:12.3f} ms   {median / medians[base]:10.2f} x {base}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tenants", type=int, default=1000, help="number of the many tenants")
    parser.add_argument("--rounds", type=int, default=5, help="number of counted rounds")
    parser.add_argument("--json", action="store_true", help="print the medians as JSON instead")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        bench = Bench(Path(place), options.tenants)
        one: dict[str, Callable[[], object]] = {
            "goldenpath": bench.render_one,
            "cookiecutter's API": bench.cookiecutter_one,
        }
        if kubectl := shutil.which("kubectl"):
            folder = kustomization(bench)
            one["kubectl kustomize"] = lambda: bench.kustomize_one(kubectl, folder)
        singles = medians(
            max(options.rounds, 9), {name: lambda work=work: work for name, work in one.items()}
        )
        source = bench.fresh()
        for tenant in bench.many:
            write_files(source, bench.pipeline.render(tenant).files)
        many = medians(
            options.rounds,
            {
                "cp -r": lambda: partial(bench.copy, source),
                "render and write": lambda: bench.render_and_write,
                "render and check": lambda: bench.render_and_check,
            },
        )
    if options.json:
        print(json.dumps({"one": singles, "many": many, "tenants": options.tenants}, indent=2))
        return
    report("One tenant, median", singles, "goldenpath")
    report(f"{options.tenants} tenants, median", many, "cp -r")
    print(f"\n  render and check: {many['render and check'] / options.tenants:.3f} ms a tenant")


if __name__ == "__main__":
    main()
