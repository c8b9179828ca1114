"""Record what Kubernetes' own reader makes of the tests of YAML and of its readers, for `tests/kubeyaml`.

    python tools/record_yaml.py --pyyaml pyyaml-6.0.3.tar.gz

The texts come from go.yaml.in/yaml/v2 (`decode_test.go`, Apache License 2.0), which sigs.k8s.io/yaml reads with, and
of PyYAML (`tests/legacy_tests/data`, MIT License), whose source is on PyPI. Those of the public YAML test suite (MIT
License) are on record already, and are answered anew. Needs Go.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parent
RECORDS: Final = ROOT.parent / "tests" / "kubeyaml"
SUITE: Final = RECORDS / "yaml_test_suite.json"
READERS: Final = RECORDS / "readers_own_tests.json"
READER: Final = "k8s.io/apimachinery v0.37.1 (YAMLReader) and sigs.k8s.io/yaml v1.6.0"
YAML_MODULE: Final = "go.yaml.in/yaml/v2"
_LONGEST: Final = 4000
# Files of PyYAML's tests that are YAML, for one reader or another.
_SUFFIXES: Final = (".data", ".canonical", ".loader-error", ".single-loader-error", ".empty", ".skip-ext")


def go(*arguments: str, stdin: str = "") -> str:
    done = subprocess.run(
        ["go", *arguments], cwd=ROOT / "yaml_readers", input=stdin, capture_output=True, text=True, check=True
    )
    return done.stdout


def answered(texts: dict[str, str]) -> dict[str, Any]:
    """By name, each text with what Kubernetes makes of it."""
    answers = json.loads(go("run", ".", "answers", stdin=json.dumps([*texts.values()])))
    return {
        name: {"yaml": text, **answer} for (name, text), answer in zip(texts.items(), answers, strict=True)
    }


def of_go_yaml() -> Iterator[tuple[str, str]]:
    folder = go("list", "-m", "-f", "{{.Dir}}", YAML_MODULE).strip()
    texts = json.loads(go("run", ".", "literals", f"{folder}/decode_test.go"))
    for number, text in enumerate(texts):
        yield f"go-yaml {number}", text


def of_pyyaml(source: Path) -> Iterator[tuple[str, str]]:
    with tarfile.open(source) as archive:
        for member in sorted(archive.getmembers(), key=lambda each: each.name):
            name = Path(member.name)
            content = archive.extractfile(member)
            if name.parent.name != "data" or name.suffix not in _SUFFIXES or content is None:
                continue
            try:
                text = content.read().decode()
            except UnicodeDecodeError:
                continue
            if len(text) <= _LONGEST:
                yield f"pyyaml {name.name}", text


def written(record: dict[str, Any]) -> str:
    """A case a line."""
    head = ",\n".join(
        f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"
        for key, value in record.items()
        if key != "cases"
    )
    cases = ",\n".join(
        f"  {json.dumps(name, ensure_ascii=False)}: {json.dumps(case, ensure_ascii=False)}"
        for name, case in record["cases"].items()
    )
    return f'{{\n{head},\n "cases": {{\n{cases}\n }}\n}}\n'


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--pyyaml", type=Path, required=True, help="PyYAML's source, as `pip download` gives it"
    )
    options = parser.parse_args()
    version = go("list", "-m", "-f", "{{.Version}}", YAML_MODULE).strip()
    record: dict[str, Any] = {
        "sources": [
            f"{YAML_MODULE} {version}, decode_test.go (Apache License 2.0, Copyright 2011-2016 Canonical Ltd.)",
            f"{options.pyyaml.name.removesuffix('.tar.gz')}, tests/legacy_tests/data (MIT License, Copyright (c) 2017-2021 Ingy döt Net, Copyright (c) 2006-2016 Kirill Simonov)",
        ],
        "reader": READER,
        "cases": answered(dict([*of_go_yaml(), *of_pyyaml(options.pyyaml)])),
    }
    READERS.write_text(written(record), encoding="utf-8")
    suite = json.loads(SUITE.read_text(encoding="utf-8"))
    suite["cases"] = answered({name: case["yaml"] for name, case in suite["cases"].items()})
    SUITE.write_text(written({**suite, "reader": READER}), encoding="utf-8")


if __name__ == "__main__":
    main()
