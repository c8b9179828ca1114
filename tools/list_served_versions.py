"""Prints the kinds and fields that the CRDs of releases serve, for ``tests/addons/served.json``.

    python tools/list_served_versions.py kueue=0.15.0=DIR keda=2.17.0=DIR … > tests/addons/served.json

Each DIR is a folder with the CRDs of a release, such as an unpacked Go module. The output has the served versions of each
kind in the catalogue of add-ons, and the fields of the catalogue's features that each version has.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.addons import Addon, addon_catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

_OTHER_FOLDERS: Final = frozenset({"test", "testdata", "vendor", "examples", "e2e"})


def crds(folder: Path) -> Iterator[dict[str, Any]]:
    """Every CustomResourceDefinition at any depth of a folder."""
    for file in sorted(folder.rglob("*.yaml")):
        if _OTHER_FOLDERS.isdisjoint(file.relative_to(folder).parts):
            text = file.read_text(encoding="utf-8", errors="replace")
            if "kind: CustomResourceDefinition" in text and "{{" not in text:
                for body in kubeyaml.load_all(text):
                    if _is_crd(body):
                        yield body


def _is_crd(body: Any) -> bool:
    """Whether a document is a whole CustomResourceDefinition, and not a patch."""
    spec = body.get("spec", {}) if isinstance(body, dict) else {}
    return "versions" in spec and "names" in spec


def served(addon: Addon, folder: Path) -> dict[str, Any]:
    """The existing fields of features, by API version and kind."""
    kinds = {(api.group, kind) for api in addon.apis for kind in api.kinds}
    found: dict[str, Any] = {}
    for crd in crds(folder):
        spec = crd["spec"]
        kind = spec["names"]["kind"]
        if (spec["group"], kind) in kinds:
            for version in spec["versions"]:
                if version["served"]:
                    schema = version.get("schema", {}).get("openAPIV3Schema", {})
                    fields = sorted(
                        {f.field for f in addon.features if kind in f.kinds and has_field(schema, f.field)}
                    )
                    found[f"{spec['group']}/{version['name']} {kind}"] = fields
    return dict(sorted(found.items()))


def has_field(schema: dict[str, Any], field: str) -> bool:
    """Whether a schema describes a field, such as ``spec.triggers[].metricType``."""
    node: Any = schema
    for step in field.split("."):
        node = (node.get("properties") or {}).get(step.removesuffix("[]"))
        if node is not None and step.endswith("[]"):
            node = node.get("items")
        if node is None:
            return False
    return True


def main(arguments: list[str]) -> int:
    """Print the releases that the arguments name. Return the exit code."""
    releases: dict[str, dict[str, Any]] = {}
    for argument in arguments:
        id_, version, folder = argument.split("=", 2)
        releases.setdefault(id_, {})[version] = served(addon_catalogue().get(id_), Path(folder))
    if not releases:
        print(__doc__)
        return 2
    print(json.dumps(releases, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
