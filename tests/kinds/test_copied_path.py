"""No test, generated file or page depends on the name of a golden path, so a copy of one breaks nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COPIED = (
    "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "backstage-backend/goldenpath_backstage", "benchmarks",
    "docs", "goldenpath", "pyproject.toml", "templates", "tests", "tools",
)  # fmt: skip
WALKED = (
    "tests/describe/test_generated_files.py",
    "tests/docs/test_docs.py::test_every_page_is_reached_from_the_index",
    "tests/golden/test_examples.py",
    "tests/paths",
)
"""Tests that run for every golden path."""


def copy_of_the_checkout(folder: Path) -> Path:
    """A checkout with one more golden path: `templates/tenant` under another name, with its files generated."""
    skipped = shutil.ignore_patterns("__pycache__", "node_modules", "crds", "assets")
    for name in COPIED:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=skipped)
        elif source.exists():
            shutil.copy(source, target)
    crew = folder / "templates" / "crew"
    shutil.copytree(folder / "templates" / "tenant", crew)
    metadata = crew / "golden-path.yaml"
    metadata.write_text(metadata.read_text().replace("name: tenant\n", "name: crew\n"))
    for spec in crew.glob("examples/*/spec.yaml"):
        spec.write_text(spec.read_text().replace("golden_path: tenant/", "golden_path: crew/"))
    return folder


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join((str(folder), str(folder / "backstage-backend")))
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_copy_of_a_golden_path_breaks_no_test(tmp_path: Path) -> None:
    folder = copy_of_the_checkout(tmp_path / "checkout")
    generated = run(folder, "tools/generate.py")
    assert generated.returncode == 0, generated.stderr
    assert (folder / "docs" / "reference" / "schemas" / "crew-v1.json").is_file()
    # What the examples of the copy expect carries the name of the golden path.
    assert (
        run(
            folder, "-m", "pytest", "tests/golden/test_examples.py", "--update-golden", "-q", "-n0"
        ).returncode
        == 0
    )
    result = run(folder, "-m", "pytest", *WALKED, "-q", "-n0")
    assert result.returncode == 0, result.stdout[-3000:]
