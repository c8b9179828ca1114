"""Imported schemas take precedence over shipped ones, and give the same verdicts for the same kind."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from goldenpath import kubeyaml
from goldenpath.check import Schemas, check_objects
from goldenpath.check.crd_schemas import INDEX_FILE, derive
from goldenpath.cli.root_command import cli
from goldenpath.errors import DataError
from goldenpath.live import import_schemas
from goldenpath.manifests import ManifestObject


def definition(kind="Widget", group="acme.example", *, versions=("v1",), **fields):
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": fields or {"size": {"type": "integer"}}}},
    }
    plural = f"{kind.lower()}s"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}", "labels": {"app.kubernetes.io/version": "7.1"}},
        "spec": {
            "group": group,
            "names": {"kind": kind, "plural": plural},
            "versions": [
                {"name": version, "served": True, "schema": {"openAPIV3Schema": schema}}
                for version in versions
            ],
        },
    }


def judged(schemas, body):
    item = ManifestObject("a.yaml", {"metadata": {"name": "a", "namespace": "b"}, **body})
    return [
        (finding.rule, finding.field)
        for finding in check_objects([item], schemas=schemas)
        if finding.rule.startswith("schema/")
    ]


WIDGET = {"apiVersion": "acme.example/v1", "kind": "Widget", "spec": {"szie": 1}}


def test_an_imported_kind_is_checked():
    assert judged(None, WIDGET) == [("schema/unknown-kind", "")]
    assert judged(Schemas(derive([definition()])), WIDGET) == [("schema/unknown-field", "spec.szie")]


def test_an_imported_schema_replaces_a_shipped_one():
    queue = {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "LocalQueue", "spec": {"newer": "x"}}
    newer = definition("LocalQueue", "kueue.x-k8s.io", versions=("v1beta2",), newer={"type": "string"})

    assert judged(None, queue) == [("schema/unknown-field", "spec.newer")]
    assert judged(Schemas(derive([newer])), queue) == []


def test_other_kinds_use_the_shipped_schemas():
    assert judged(Schemas(derive([definition()])), {"apiVersion": "v1", "kind": "ConfigMap", "dta": {}}) == [
        ("schema/unknown-field", "dta")
    ]


def test_the_first_folder_that_has_a_kind_has_it(tmp_path):
    for number, field in enumerate(("first", "second")):
        import_schemas([definition(**{field: {"type": "string"}})], tmp_path / str(number))

    schemas = Schemas.of_folders(tmp_path / "0", tmp_path / "1")

    assert judged(schemas, {**WIDGET, "spec": {"first": "x"}}) == []
    assert judged(schemas, {**WIDGET, "spec": {"second": "x"}}) != []


def test_an_import_is_reproducible_and_removes_stale_files(tmp_path):
    (tmp_path / "notes.md").write_text("mine")
    first = import_schemas([definition(), definition("Gadget")], tmp_path)
    assert first.kinds == ("acme.example/v1/Gadget", "acme.example/v1/Widget")
    assert import_schemas([definition(), definition("Gadget")], tmp_path).written == ()

    last = import_schemas([definition()], tmp_path)

    assert last.removed == ("gadgets.acme.example.v1.json",)
    assert {file.name for file in tmp_path.iterdir()} == {
        INDEX_FILE,
        "notes.md",
        "widgets.acme.example.v1.json",
    }


def test_an_index_that_names_files_elsewhere_removes_none_of_them(tmp_path):
    outside = tmp_path / "outside.json"
    outside.write_text("{}")
    folder = tmp_path / "schemas"
    folder.mkdir()
    (folder / INDEX_FILE).write_text(json.dumps({"kinds": {"a/b": {"file": "../outside.json"}}}))

    import_schemas([definition()], folder)

    assert outside.exists()


def test_a_version_that_is_not_served_is_not_imported():
    crd = definition(versions=("v1", "v2"))
    crd["spec"]["versions"][0]["served"] = False

    assert list(derive([crd])[INDEX_FILE]["kinds"]) == ["acme.example/v2/Widget"]


def test_a_pattern_that_only_go_reads_is_left_out():
    schemas = Schemas(derive([definition(a={"type": "string", "pattern": r"^\Qx\E$", "maxLength": 1})]))

    assert judged(schemas, {**WIDGET, "spec": {"a": "xx"}}) == [("schema/size", "spec.a")]


@pytest.mark.parametrize(
    "schema", [{"type": "object", "x-kubernetes-preserve-unknown-fields": True}, {"x-kubernetes-preserve-unknown-fields": True, "nullable": True}]
)  # fmt: skip
def test_a_kind_that_takes_anything_takes_anything(schema):
    crd = definition()
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = schema

    assert judged(Schemas(derive([crd])), WIDGET) == []


@pytest.mark.parametrize("body", [{}, {"metadata": {"name": "a"}, "spec": {"group": "a"}}])
def test_files_without_a_definition_are_refused(body):
    with pytest.raises(DataError, match="not a CustomResourceDefinition"):
        derive([body])


def test_a_folder_without_schemas_is_named(tmp_path):
    with pytest.raises(DataError, match=r"index\.json"):
        Schemas.of_folders(tmp_path)


def run(*arguments):
    return CliRunner().invoke(cli, arguments, prog_name="goldenpath")


def test_a_folder_of_definitions_is_imported_and_used_by_check(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "crds").mkdir()
    (tmp_path / "crds" / "widget.yaml").write_text(kubeyaml.dump(definition()))
    (tmp_path / "widget.yaml").write_text(kubeyaml.dump({**WIDGET, "metadata": {"name": "a"}}))

    done = run("schemas", "import", "crds", "--out", "schemas")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "acme.example/v1/Widget",
        "schemas: 1 kinds; 2 files written, 0 removed.",
    ]

    assert run("check", "widget.yaml").exit_code == 0
    found = run("check", "widget.yaml", "--schemas", "schemas")
    assert found.exit_code == 1
    assert "spec.szie" in found.stdout
    monkeypatch.setenv("GOLDENPATH_SCHEMAS", "schemas")
    assert run("check", "widget.yaml").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [((), "or --context"), (("crds", "--context", "a"), "not both"), (("empty",), "there is no Custom")],
)
def test_definitions_that_cannot_be_imported_are_reported(tmp_path, monkeypatch, arguments, reported):
    monkeypatch.chdir(tmp_path)
    for name in ("crds", "empty"):
        (tmp_path / name).mkdir()

    refused = run("schemas", "import", *arguments, "--out", "schemas")

    assert refused.exit_code == 2
    assert reported in refused.output
    assert not (tmp_path / "schemas").exists()


# As Gateway API v1 writes its addresses.
ADDRESS = {
    "type": "object",
    "properties": {"type": {"type": "string", "default": "IPAddress"}, "value": {"type": "string"}},
    "oneOf": [
        {"properties": {"type": {"enum": ["IPAddress"]}, "value": {"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}}},
        {"properties": {"type": {"not": {"enum": ["IPAddress"]}}}},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("address", "is_right"),
    [
        ({"value": "192.0.2.7"}, True),
        ({"value": "2001:db8::7"}, True),
        ({"type": "Hostname", "value": "example.com"}, True),
        ({"type": None, "value": "192.0.2.7"}, True),
        ({"value": "example.com"}, False),
        ({"type": "IPAddress", "value": "example.com"}, False),
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_a_default_is_filled_in_before_a_condition_reads_it(address, is_right, nested):
    fields = {"addresses": {"type": "array", "items": ADDRESS}}
    if nested:
        fields = {"part": {"type": "object", "properties": fields}}
    schemas = Schemas(derive([definition(**fields)]))
    spec = {"addresses": [address]}

    found = judged(schemas, {**WIDGET, "spec": {"part": spec} if nested else spec})

    assert found == ([] if is_right else [("schema/form", f"spec.{'part.' if nested else ''}addresses[0]")])
