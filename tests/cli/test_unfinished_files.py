"""Lists are opened; what kustomize or somebody with variables finishes is not checked as a final object."""

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


def test_the_items_of_a_typed_list_need_no_kind(rules, tmp_path):
    (tmp_path / "list.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMapList\nitems: [{metadata: {name: a}, dta: {}}]\n"
    )
    assert rules("list.yaml") == ["schema/unknown-field"]


def test_a_list_without_items_is_clean(rules, tmp_path):
    (tmp_path / "list.yaml").write_text("apiVersion: v1\nkind: List\nitems: []\n")
    assert rules("list.yaml") == []


@pytest.mark.parametrize("name", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
def test_a_patch_of_kustomize_is_no_final_object(rules, tmp_path, name):
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


def test_what_kustomize_only_lists_is_final(rules, tmp_path):
    (tmp_path / "kustomization.yaml").write_text("resources: [quota.yaml]\n")
    (tmp_path / "quota.yaml").write_text(QUOTA)
    assert rules("quota.yaml") == ["schema/unknown-field"]


def test_a_variable_is_not_judged_and_a_wrong_field_is(rules, tmp_path):
    (tmp_path / "a.yaml").write_text(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  replicas: ${REPLICAS}\n  replicsa: 1\n"
    )
    assert sorted(rules("a.yaml")) == ["not-final/variables", "schema/unknown-field"]


def test_a_script_with_variables_of_its_own_is_checked(rules, tmp_path):
    (tmp_path / "a.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndta: {}\ndata: {s: 'echo ${HOME}'}\n"
    )
    assert rules("a.yaml") == ["schema/unknown-field"]
