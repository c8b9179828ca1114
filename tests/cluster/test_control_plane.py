"""The control plane itself. This file is collected without ``--cluster`` too: to say how the others are run."""

from __future__ import annotations

import json
import re
from importlib.resources import files

from components import components


def test_the_control_plane_is_new_enough_to_count_devices(cluster):
    version = cluster.send("GET", "/version").body

    assert (int(version["major"]), int(version["minor"].rstrip("+"))) >= (1, 36)


def test_every_module_of_ours_builds_the_version_of_the_table():
    for component in components().values():
        if component.build:
            required = rf"^\s(?:require )?{re.escape(component.module)} {re.escape(component.version)}( // indirect)?$"
            text = (component.source / "go.mod").read_text(encoding="utf-8")
            assert re.search(required, text, re.MULTILINE), component.name


def test_the_crds_are_of_the_versions_that_the_offline_schemas_were_derived_from():
    index = files("goldenpath.check").joinpath("schemas", "index.json").read_text(encoding="utf-8")
    sources = {
        name: source["version"] for name, source in json.loads(index)["sources"].items() if "module" in source
    }
    table = {one.schemas: one.version for one in components().values() if one.schemas}

    assert table == sources
