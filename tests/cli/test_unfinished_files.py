"""Lists are opened; files that kustomize or variables complete are not checked as final objects."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from goldenpath.cli.root_command import cli

QUOTA = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: x, namespace: team}\nspec: {hardd: 3}\n"
PATCH = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {replicas: 3}\n"


@pytest.fixture
def rules(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def check(*names):
        done = CliRunner().invoke(cli, ["check", *names, "--format", "json"], prog_name="goldenpath")
        return [item["rule"] for item in json.loads(done.stdout)["findings"]]

    return check


def test_a_list_is_opened(rules, tmp_path):
    indented = QUOTA.replace("\n", "\n  ").strip()
    (tmp_path / "list.yaml").write_text(f"apiVersion: v1\nkind: List\nitems:\n- {indented}\n- {indented}\n")
    assert rules("list.yaml") == ["schema/unknown-field"] * 2


def test_a_list_in_a_list_is_opened(rules, tmp_path):
    body = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, dta: {}}"
    (tmp_path / "list.yaml").write_text(
        f"apiVersion: v1\nkind: List\nitems: [{{apiVersion: v1, kind: List, items: [{body}]}}, {body}]\n"
    )
    assert rules("list.yaml") == ["schema/unknown-field"] * 2


def test_the_items_of_a_typed_list_need_no_kind(rules, tmp_path):
    (tmp_path / "list.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMapList\nitems: [{metadata: {name: a}, dta: {}}]\n"
    )
    assert rules("list.yaml") == ["schema/unknown-field"]


def test_a_list_without_items_is_clean(rules, tmp_path):
    (tmp_path / "list.yaml").write_text("apiVersion: v1\nkind: List\nitems: []\n")
    assert rules("list.yaml") == []


@pytest.mark.parametrize("name", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
def test_a_patch_of_kustomize_is_not_a_final_object(rules, tmp_path, name):
    (tmp_path / name).write_text("resources: [quota.yaml]\npatches: [{path: patch.yaml}]\n")
    (tmp_path / "patch.yaml").write_text(PATCH)
    (tmp_path / "quota.yaml").write_text(QUOTA)
    assert rules("patch.yaml", "quota.yaml") == ["not-final/kustomize"] * 2


def test_a_base_that_an_overlay_changes_is_not_final(rules, tmp_path):
    for folder in ("base", "overlay"):
        (tmp_path / folder).mkdir()
    (tmp_path / "base" / "kustomization.yaml").write_text("namePrefix: a-\nresources: [quota.yaml]\n")
    (tmp_path / "base" / "quota.yaml").write_text(QUOTA)
    assert rules("base/quota.yaml") == ["not-final/kustomize"]


def test_files_that_kustomize_only_lists_are_final(rules, tmp_path):
    (tmp_path / "kustomization.yaml").write_text("resources: [quota.yaml]\n")
    (tmp_path / "quota.yaml").write_text(QUOTA)
    assert rules("quota.yaml") == ["schema/unknown-field"]


def test_a_variable_is_not_checked_but_a_wrong_field_is(rules, tmp_path):
    (tmp_path / "a.yaml").write_text(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  replicas: ${REPLICAS}\n  replicsa: 1\n"
    )
    assert sorted(rules("a.yaml")) == ["not-final/variables", "schema/unknown-field"]


def test_a_script_with_variables_of_its_own_is_checked(rules, tmp_path):
    (tmp_path / "a.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndta: {}\ndata: {s: 'echo ${HOME}'}\n"
    )
    assert rules("a.yaml") == ["schema/unknown-field"]


def test_a_base_that_another_folder_changes_is_not_final(rules, tmp_path):
    (tmp_path / "base").mkdir()
    (tmp_path / "overlays" / "prod").mkdir(parents=True)
    (tmp_path / "base" / "kustomization.yaml").write_text("resources: [quota.yaml]\n")
    (tmp_path / "base" / "quota.yaml").write_text(QUOTA)
    (tmp_path / "overlays" / "prod" / "kustomization.yaml").write_text(
        "resources: [../../base]\nnamePrefix: a-\n"
    )
    assert rules(".") == ["not-final/kustomize"]


def test_the_resources_of_a_component_are_not_final(rules, tmp_path):
    (tmp_path / "kustomization.yaml").write_text("kind: Component\nresources: [namespace.yaml]\n")
    (tmp_path / "namespace.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: _}\n")
    assert rules("namespace.yaml") == ["not-final/kustomize"]


def test_a_json_patch_and_generated_files_give_no_finding(rules, tmp_path):
    (tmp_path / "kustomization.yaml").write_text(
        "patches: [{path: patch.yaml}]\nconfigMapGenerator: [{name: a, files: [key=values.yaml]}]\n"
    )
    (tmp_path / "patch.yaml").write_text("- {op: remove, path: /spec}\n")
    (tmp_path / "values.yaml").write_text("replicas: 1\n")
    assert rules(".") == []


def test_an_incomplete_object_that_no_build_file_names_counts_as_a_patch(rules, tmp_path):
    (tmp_path / "patches").mkdir()
    (tmp_path / "kustomization.yaml").write_text("resources: [quota.yaml]\n#patches: [{path: a.yaml}]\n")
    (tmp_path / "quota.yaml").write_text(QUOTA.replace("hardd: 3", ""))
    (tmp_path / "patches" / "a.yaml").write_text(PATCH.replace("replicas", "replicsa"))
    assert sorted(rules(".")) == ["not-final/kustomize", "schema/unknown-field"]


def test_a_complete_object_is_checked_even_if_no_build_file_names_it(rules, tmp_path):
    (tmp_path / "kustomization.yaml").write_text("resources: []\n")
    (tmp_path / "quota.yaml").write_text(QUOTA)
    assert rules(".") == ["schema/unknown-field"]


@pytest.mark.parametrize(
    ("spec", "rule"),
    [
        ("{$patch: delete}", "not-final/kustomize"),
        ("{replicas: $(REPLICAS)}", "not-final/variables"),
        ("{replicas: '${REPLICAS:=1}'}", "not-final/variables"),
    ],
)
def test_files_of_other_tools_are_not_checked(rules, tmp_path, spec, rule):
    (tmp_path / "a.yaml").write_text(
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec: {spec}\n"
    )
    assert rules("a.yaml") == [rule]


def test_a_template_for_a_name_is_not_checked(rules, tmp_path):
    (tmp_path / "a.yaml").write_text(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: '{{ .Name }}', labels: {a: '{{ .Env }}'}}\n"
    )
    assert rules("a.yaml") == ["not-final/variables"]


def test_values_encrypted_by_sops_are_not_checked(rules, tmp_path):
    (tmp_path / "a.yaml").write_text(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {a: 'ENC[AES256_GCM,data:x]'}\n"
        "sops: {mac: 'ENC[AES256_GCM]', version: 3.9.0}\n"
    )
    assert rules("a.yaml") == ["not-final/encrypted"]


def test_variables_of_the_kubelet_are_not_template_variables(rules, tmp_path):
    (tmp_path / "a.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a, args: [$(B)], env: [{name: C, value: $(B)}], imagee: b}]}\n"
    )
    assert rules("a.yaml") == ["schema/unknown-field"]
