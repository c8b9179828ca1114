"""Large inputs: read a document at a time, a List item by item, in memory that does not grow with them."""

from __future__ import annotations

import datetime as dt
import json
import tracemalloc
from contextlib import ExitStack

import pytest
from click.testing import CliRunner

from goldenpath.cli.check_inputs import find_input_files
from goldenpath.cli.check_progress import progress
from goldenpath.cli.check_targets import Examination, examine
from goldenpath.cli.root_command import cli
from goldenpath.kubeyaml import MAX_DOCUMENT_CHARS
from goldenpath.paths import Library

TEXT = "".join(f"    line {number} of a file\n" for number in range(4000))
CONFIG_MAP = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{}, namespace: team}}\ndata:\n  a: |\n" + TEXT
)
QUOTA = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: x, namespace: team}\nspec: {hardd: 3}\n"
BINDING = (
    "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: b, namespace: team}\n"
    "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: nothing}\nsubjects: []\n"
)


def as_documents(bodies):
    return "".join(f"---\n{body}" for body in bodies)


def as_list(bodies):
    items = "".join("- " + body.strip().replace("\n", "\n  ") + "\n" for body in bodies)
    return f"apiVersion: v1\nitems:\n{items}kind: List\n"


def many(megabytes):
    """Good objects, with one wrong field and one binding of a missing Role among them."""
    bodies = [CONFIG_MAP.format(number) for number in range(megabytes * 10)]
    return [*bodies[:5], QUOTA, *bodies[5:], BINDING]


def checked(file):
    examination = Examination()
    with ExitStack() as kept:
        files = list(find_input_files([str(file)], examination.problems, kept))
        examine(
            files, examination, fleet_file=None, library=Library(()), cluster=None, today=dt.date(2026, 1, 1)
        )
    return examination


def peak(file):
    checked(file)  # what is compiled once
    tracemalloc.start()
    examination = checked(file)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert examination.problems == []
    return most


@pytest.mark.parametrize("written", [as_documents, as_list])
def test_memory_does_not_grow_with_the_input(tmp_path, written):
    small, large = tmp_path / "small.yaml", tmp_path / "large.yaml"
    small.write_text(written(many(4)))
    large.write_text(written(many(16)))
    assert large.stat().st_size > small.stat().st_size + 8_000_000
    assert peak(large) < peak(small) + 1_000_000


@pytest.mark.parametrize("written", [as_documents, as_list])
def test_everything_in_a_large_input_is_checked_with_its_line(tmp_path, written):
    file = tmp_path / "large.yaml"
    text = written(many(4))
    file.write_text(text)
    assert len(text) > MAX_DOCUMENT_CHARS
    examination = checked(file)
    lines = text.splitlines()
    found = {each.finding.rule: lines[each.line - 1].strip(" -") for each in examination.findings}
    assert found.keys() == {"schema/unknown-field", "role-missing"}
    if written is as_documents:
        assert found["schema/unknown-field"] == "spec: {hardd: 3}"
        assert found["role-missing"].startswith("roleRef:")
    else:  # an item of a large List has the line where it begins
        assert {*found.values()} <= {"apiVersion: v1", "apiVersion: rbac.authorization.k8s.io/v1"}
    assert sum(examination.looked_at.values()) == len(many(4))


@pytest.mark.parametrize("number", [0, 1])
def test_one_bad_document_does_not_hide_the_others(tmp_path, number):
    file = tmp_path / "a.yaml"
    bodies = [QUOTA, QUOTA, QUOTA]
    bodies[number] = "a: [\n"
    file.write_text(as_documents(bodies))
    examination = checked(file)
    assert [problem.rule for problem in examination.problems] == ["yaml-syntax"]
    assert len(examination.findings) == 2


def test_standard_input_may_be_a_large_list_in_json(tmp_path):
    bodies = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{n}"}, "data": {"a": "/" * 40_000}}
        for n in range(90)
    ]
    bodies[70]["dta"] = {}
    text = json.dumps({"apiVersion": "v1", "items": bodies, "kind": "List"})
    assert len(text) > MAX_DOCUMENT_CHARS
    done = CliRunner().invoke(cli, ["check", "-", "--format", "json"], input=text)
    (finding,) = json.loads(done.stdout)["findings"]
    assert (finding["object"], finding["field"]) == ("ConfigMap c70", "dta")


@pytest.mark.parametrize("text", ["a: {}\n", "- a\n", "items: 1\nb: {}\n"])
def test_a_large_document_that_is_no_list_is_refused(tmp_path, text, monkeypatch):
    monkeypatch.setattr("goldenpath.kubeyaml._read.MAX_DOCUMENT_CHARS", 1000)
    file = tmp_path / "a.yaml"
    file.write_text(text + f"# {'x' * 600_000}\n---\n" + QUOTA)
    examination = checked(file)
    assert [problem.rule for problem in examination.problems] == ["yaml-size"]
    assert [each.finding.rule for each in examination.findings] == ["schema/unknown-field"]


def test_a_value_that_is_too_large_is_refused_before_it_is_in_memory(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("apiVersion: v1\nitems:\n- a: |\n" + f"    {'x' * 99}\n" * 60_000 + "kind: List\n")
    assert [problem.rule for problem in checked(file).problems] == ["yaml-size"]


def test_a_log_has_a_line_every_ten_seconds(tmp_path, capsys):
    file = tmp_path / "a.yaml"
    file.write_text(as_documents(many(3)))
    ticks = iter(range(0, 1000, 6))
    examination = Examination()
    with ExitStack() as kept:
        files = list(find_input_files([str(file)], examination.problems, kept))
        with progress(files, clock=lambda: next(ticks)):
            examine(
                files,
                examination,
                fleet_file=None,
                library=Library(()),
                cluster=None,
                today=dt.date(2026, 1, 1),
            )
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("Checked 1 of 3 MB")
    assert len(lines) < 10
