"""The custom resources that we write, on a control plane: of the projects and versions in ``schemas/index.json``."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from kube_api import APPLY, MERGE, eventually

from goldenpath import kubeyaml
from goldenpath.policies import policies

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kube_api import Api

_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def wanted(folder: Path) -> list[str]:
    """Names such as ``cohorts.kueue.x-k8s.io``: of everything that has a schema, and that a policy judges.

    Kinds whose definition no Go module brings, and those that only a policy names, are loaded where the folder has them.
    """
    there = {file.stem for file in folder.rglob("*.yaml")}
    index = json.loads(
        files("goldenpath.check").joinpath("schemas", "index.json").read_text(encoding="utf-8")
    )
    named = {
        entry["file"].removesuffix(".json").rpartition(".")[0]
        for entry in index["kinds"].values()
        if "module" in index["sources"][entry["source"]]
    }
    for policy in policies():
        for rule in policy.rules:
            if "." in rule.group and not rule.group.endswith(".k8s.io"):
                named |= there & {f"{resource}.{rule.group}" for resource in rule.resources}
    return sorted(named)


def of_groups(folder: Path, *groups: str) -> list[str]:
    """The names of all that a folder has of some groups: controllers want more than we write."""
    return sorted(file.stem for file in folder.rglob("*.yaml") if file.stem.partition(".")[2] in groups)


def load(api: Api, folder: Path, names: Sequence[str]) -> None:
    """Apply them from a folder that has a file ``<name>.yaml`` of each, however deep, and wait until they are served.

    Raises:
        LookupError: the folder lacks some.
    """
    found = {file.stem: file for file in folder.rglob("*.yaml")}
    if absent := [name for name in names if name not in found]:
        raise LookupError(f"{folder} has no CRD {', '.join(absent)}")
    definitions = {name: kubeyaml.load_file(found[name]) for name in names}
    for name, body in definitions.items():
        answer = api.send("PATCH", f"{_PATH}/{name}", body, APPLY, fieldManager="crds", force="true")
        assert answer.ok, f"{name}: {answer.message}"
    eventually(lambda: set(names) <= _established(api), "every CustomResourceDefinition is established", 180)
    # The server lists their kinds a moment later.
    eventually(lambda: all(_is_listed(api, body) for body in definitions.values()), "every kind is listed")
    api.forget_resources()


def change(api: Api, name: str, change: dict[str, Any]) -> None:
    """Change one that is there."""
    answer = api.send("PATCH", f"{_PATH}/{name}", change, MERGE)
    assert answer.ok, answer.message


def _is_listed(api: Api, definition: dict[str, Any]) -> bool:
    spec = definition["spec"]
    listed = [
        {
            resource["name"]
            for resource in api.send("GET", f"/apis/{spec['group']}/{version['name']}").body.get(
                "resources", ()
            )
        }
        for version in spec["versions"]
        if version["served"]
    ]
    return all(spec["names"]["plural"] in names for names in listed)


def _established(api: Api) -> set[str]:
    return {
        crd["metadata"]["name"]
        for crd in api.send("GET", _PATH).body["items"]
        for condition in crd.get("status", {}).get("conditions") or []
        if (condition["type"], condition["status"]) == ("Established", "True")
    }
