"""Records how Kubernetes' own reader parses the tests of YAML and of YAML readers, for `tests/kubeyaml`.

    python tools/record_yaml.py --pyyaml pyyaml-6.0.3.tar.gz

The texts come from go.yaml.in/yaml/v2 (`decode_test.go`, Apache License 2.0), which sigs.k8s.io/yaml uses, and from PyYAML
(`tests/legacy_tests/data`, MIT License), whose source is on PyPI. The texts of the public YAML test suite (MIT License)
are in the repository already, and only their answers are recorded again. Needs Go.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from entry_lines import json_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parent
RECORDS: Final = ROOT.parent / "tests" / "kubeyaml"
SUITE: Final = RECORDS / "yaml_test_suite.json"
READERS: Final = RECORDS / "readers_own_tests.json"
READER: Final = "k8s.io/apimachinery v0.37.1 (YAMLReader) and sigs.k8s.io/yaml v1.6.0"
YAML_MODULE: Final = "go.yaml.in/yaml/v2"
_MAX_CHARACTERS: Final = 4000
# The suffixes of PyYAML's test files that are YAML for at least one reader.
_SUFFIXES: Final = (".data", ".canonical", ".loader-error", ".single-loader-error", ".empty", ".skip-ext")


def go(*arguments: str, stdin: str = "") -> str:
    done = subprocess.run(
        ["go", *arguments], cwd=ROOT / "yaml_readers", input=stdin, capture_output=True, text=True, check=True
    )
    return done.stdout


def record_answers(texts: dict[str, str]) -> dict[str, Any]:
    """Each text with the answer of Kubernetes, by name."""
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
            if len(text) <= _MAX_CHARACTERS:
                yield f"pyyaml {name.name}", text


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pyyaml", type=Path, required=True, help="the source of PyYAML from `pip download`")
    options = parser.parse_args()
    version = go("list", "-m", "-f", "{{.Version}}", YAML_MODULE).strip()
    record: dict[str, Any] = {
        "sources": [
            f"{YAML_MODULE} {version}, decode_test.go (Apache License 2.0, Copyright 2011-2016 Canonical Ltd.)",
            f"{options.pyyaml.name.removesuffix('.tar.gz')}, tests/legacy_tests/data (MIT License, Copyright (c) 2017-2021 Ingy döt Net, Copyright (c) 2006-2016 Kirill Simonov)",
        ],
        "reader": READER,
        "cases": record_answers(dict([*of_go_yaml(), *of_pyyaml(options.pyyaml)])),
    }
    READERS.write_text(json_lines(record, "cases"), encoding="utf-8")
    suite = json.loads(SUITE.read_text(encoding="utf-8"))
    suite["cases"] = record_answers({name: case["yaml"] for name, case in suite["cases"].items()})
    SUITE.write_text(json_lines({**suite, "reader": READER}, "cases"), encoding="utf-8")


if __name__ == "__main__":
    main()
