"""Schemas derived from CRDs; the shipped core schemas equal the derived ones (``tools/derive_schemas.py``)."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from goldenpath.check import crd_schemas, schema_store
from goldenpath.errors import DataError

TOOL = Path(__file__).resolve().parents[2] / "tools" / "derive_schemas.py"


@pytest.fixture(scope="module")
def tool() -> Any:
    spec = importlib.util.spec_from_file_location("derive_schemas", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(TOOL.parent))
    spec.loader.exec_module(module)
    return module


OBJECT = {"type": "object", "properties": {"a": {"type": "string"}}}


@pytest.mark.parametrize(
    ("schema", "takes", "refuses"),
    [
        (OBJECT, [{"a": "x"}], [{"b": 1}, {"a": None}, {"a": 1}]),
        ({**OBJECT, "x-kubernetes-preserve-unknown-fields": True}, [{"b": 1}], [{"a": 1}]),
        ({"type": "object", "additionalProperties": {"type": "string"}}, [{"x": "y"}], [{"x": 1}]),
        ({"type": "object"}, [{}], [{"a": 1}]),
        ({"x-kubernetes-preserve-unknown-fields": True}, [1, "a", {"b": 1}], []),
        ({"type": "string", "nullable": True, "enum": ["a"]}, ["a", None], ["b", 1]),
        (
            {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}], "pattern": "^[0-9]+$"},
            [1, "1"],
            [1.5, True, "a", None],
        ),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True, "maximum": 3}, [2, 3], [1, 4]),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": False}, [1], [0]),
        ({"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}, [["a"]], [["a", "a"], [1]]),
        (
            {"type": "object", "required": ["a", "b"], "properties": {"a": {"type": "string", "default": "x"}, "b": OBJECT}},
            [{"a": "y", "b": {}}],
            [{"a": "x"}],
        ),
        (
            {**OBJECT, "properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "oneOf": [
                {"required": ["a"], "properties": {"a": {}}}, {"required": ["b"]},
            ]},
            [{"a": "x"}, {"b": "x"}],
            [{}, {"a": "x", "b": "x"}],
        ),
        ({"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"spec": {"type": "object"}}},
         [{"apiVersion": "v1", "kind": "A", "metadata": {}, "spec": {}}], [{"status": {}}]),
    ],
)  # fmt: skip
def test_a_structural_schema_becomes_strict(
    schema: dict[str, Any], takes: list[Any], refuses: list[Any]
) -> None:
    validator = jsonschema_rs.Draft202012Validator(crd_schemas.structural({**schema, "description": "prose"}))
    assert [value for value in takes if not validator.is_valid(value)] == []
    assert [value for value in refuses if validator.is_valid(value)] == []


def _crd(**version: Any) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {"metadata": {"type": "object"}, "spec": OBJECT, "status": OBJECT},
    }
    return {
        "spec": {
            "versions": [{"name": "v1", "served": True, "schema": {"openAPIV3Schema": schema}, **version}]
        }
    }


def test_a_custom_resource_gets_a_strict_root_and_an_open_status() -> None:
    schema = crd_schemas.custom_schema(_crd(), "acme.dev/v1", "Widget")
    assert schema["required"] == ["apiVersion", "kind", "metadata"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["kind"] == {"const": "Widget"}
    assert schema["properties"]["metadata"] == {"$ref": "kubernetes.json#/$defs/meta.v1.ObjectMeta"}
    assert schema["properties"]["status"] == {"type": ["object", "null"]}


@pytest.mark.parametrize("version", [{"name": "v2"}, {"served": False}])
def test_a_version_that_is_not_served_is_an_error(version: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=r"does not serve acme\.dev/v1"):
        crd_schemas.custom_schema(_crd(**version), "acme.dev/v1", "Widget")


def test_short_schemas_stay_on_one_line() -> None:
    value = {"short": [1, 2], "long": {f"key{n}": ["x" * 40] for n in range(4)}}
    text = crd_schemas.compact_json(value)
    assert json.loads(text) == value
    assert '"short": [1, 2]' in text
    assert max(map(len, text.splitlines())) <= crd_schemas.LINE


@pytest.mark.skipif(
    importlib.util.find_spec("kubernetes_validate") is None or shutil.which("go") is None,
    reason="the dependency group 'schemas' or Go is not installed: the shipped core schemas stand unverified",
)
def test_the_shipped_core_schemas_are_the_derived_ones(tool: Any) -> None:
    core, _ = tool.core_schemas(tool.stated_rules(tool.go_module()))
    assert schema_store._load("kubernetes.json") == {"$defs": core}


def test_the_shipped_custom_schemas_are_the_derived_ones(tool: Any) -> None:
    if not tool.from_modules().is_dir():
        pytest.skip(
            "the CRDs are not here (make cluster-assets): the shipped custom schemas stand unverified"
        )
    files, _, sources = tool.custom_schemas(tool.from_modules())
    assert {name: schema_store._load(name) for name in files} == files
    shipped = schema_store._index()["sources"]
    assert {name: source for name, source in shipped.items() if "module" in source} == sources


def test_a_crd_of_a_repository_is_pinned_by_digest(tool: Any, tmp_path: Path) -> None:
    files, kinds, sources = tool.repository_schemas(None)
    assert {name: schema_store._load(name) for name in files} == files
    shipped = schema_store._index()
    assert sources == {name: source for name, source in shipped["sources"].items() if "file" in source}
    assert kinds.items() <= shipped["kinds"].items()
    for source in sources.values():
        (tmp_path / source["file"].rpartition("/")[2]).write_text("another: file\n")
    with pytest.raises(tool.SourceError, match=r"is not config/crd/bases/.* of llm-d/llm-d-router v0\.10\.0"):
        tool.repository_schemas(tmp_path)
