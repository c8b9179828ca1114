"""The documentation is true: its requests parse, its commands run, its links resolve."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from pages import ROOT, SAMPLES, Block, Page, anchor_of, pages

from goldenpath import kubeyaml
from goldenpath.accelerators import catalogue
from goldenpath.check.policy_evaluation import AdmissionRequest, judge
from goldenpath.cli.root_command import cli
from goldenpath.errors import InputError
from goldenpath.paths.path_metadata import Metadata
from goldenpath.pipeline import Pipeline, load_fleet, parse
from goldenpath.policies import load_policies, policies
from goldenpath.spec.parse import parse_fleet

PAGES = pages()
SMALL_REQUEST = {
    "golden_path": "tenant/v1",
    "name": "vision",
    "owner": "vision-team",
    "clusters": ["eu-central"],
}


SOMEBODY = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ada Lovelace"), ("EMAIL", "ada@northwind.example"))
}
"""Who commits where a page uses Git itself."""


def each_page(wanted=lambda page: True):
    return pytest.mark.parametrize("page", [pytest.param(p, id=p.name) for p in PAGES if wanted(p)])


def each_block(*kinds: str):
    return pytest.mark.parametrize(
        "block",
        [
            pytest.param(block, id=f"{page.name}-{number}")
            for page in PAGES
            for number, block in enumerate(page.blocks, 1)
            if block.language == "yaml" and block.kind in kinds
        ],
    )


def runs(block: Block) -> bool:
    return block.language == "python" or (block.language == "sh" and block.kind == "tested")


@pytest.fixture(scope="module")
def fleet():
    return load_fleet(SAMPLES / "goldenpath.yaml")


@each_block("request", "request-part")
def test_a_request_is_accepted_and_nothing_in_what_it_becomes_is_an_error(block, fleet):
    document = kubeyaml.load(block.text)
    tenant = parse(document if block.kind == "request" else SMALL_REQUEST | document, fleet=fleet)

    assert [found for found in Pipeline(fleet).check(tenant) if found.severity == "error"] == []


def test_the_readme_quotes_the_problems_of_a_refused_request_as_the_program_prints_them():
    (block,) = [block.text for block in Page(ROOT / "README.md").blocks if block.text.startswith("refused: ")]
    _, *quoted, more = block.splitlines()
    request = SAMPLES / "refused" / "gpu-typo.yaml"
    done = CliRunner().invoke(cli, ["check", str(request), "--fleet", str(SAMPLES / "goldenpath.yaml")])
    printed = done.stderr.splitlines()

    assert set(quoted) <= set(printed)
    assert more == f"  … and {len(printed) - 1 - len(quoted)} more"


@each_block("refused")
def test_a_request_that_is_shown_as_refused_is_refused(block, fleet):
    with pytest.raises(InputError):
        parse(kubeyaml.load(block.text), fleet=fleet)


@each_block("fleet", "fleet-part")
def test_a_fleet_is_accepted_and_renders(block):
    document = kubeyaml.load(block.text)
    if block.kind == "fleet-part":
        sample = kubeyaml.load_file(SAMPLES / "goldenpath.yaml")
        document = sample | document | {"clusters": sample["clusters"] | document.get("clusters", {})}

    fleet = parse_fleet(document)
    assert Pipeline(fleet).render(fleet).objects()


@each_block("golden-path")
def test_the_metadata_of_a_golden_path_is_accepted(block):
    assert Metadata.model_validate(kubeyaml.load(block.text)).name


@each_block("policy")
def test_a_policy_judges_its_own_examples_as_it_says(block, tmp_path):
    (tmp_path / f"{kubeyaml.load(block.text)['id']}.yaml").write_text(block.text, encoding="utf-8")
    (policy,) = load_policies(tmp_path)
    namespace = {"metadata": {"name": "vision", "labels": {"goldenpath.dev/tenant": "vision"}}}

    for example in policy.examples:
        assert (
            judge(policy, AdmissionRequest(example.object, namespace, "somebody", example.old)).allowed
            is example.good
        )


@each_block("accelerator")
def test_an_entry_of_the_catalogue_is_the_one_that_is_there(block):
    vendor = block.info[1]
    data = kubeyaml.load_file(ROOT / f"goldenpath/accelerators/data/{vendor}.yaml")

    for key, entry in kubeyaml.load(block.text).items():
        assert data["models"][key] == entry
        assert catalogue().get(key) is not None


def run_shell(line: str, folder: Path) -> tuple[int, str]:
    """Run a line; a plain call of goldenpath in this process, where it has been imported already."""
    call, _, target = line.partition(" > ")
    words = shlex.split(call, comments=True)
    if words[0] == "goldenpath":
        result = CliRunner().invoke(cli, words[1:], prog_name="goldenpath")
        if target:
            (folder / target.split("#")[0].strip()).write_text(result.stdout, encoding="utf-8")
        return result.exit_code, result.output
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, **SOMEBODY, "HOME": str(folder.parent), "PATH": path}
    command = ["bash", "-euo", "pipefail", "-c", line]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@each_page(lambda page: any(runs(block) for block in page.blocks))
def test_commands_of_a_page_end_as_stated(page, tmp_path, monkeypatch):
    folder = tmp_path / "fleet-repository"
    shutil.copytree(SAMPLES, folder, ignore=shutil.ignore_patterns("refused"))
    shutil.copytree(ROOT / "templates", folder / "templates")
    monkeypatch.chdir(folder)
    names: dict[str, object] = {}
    for block in page.blocks:
        if block.file:
            target = folder / block.file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text, encoding="utf-8")
        if not runs(block):
            continue
        if block.language == "python":
            exec(compile(block.text, page.name, "exec"), names)
            continue
        expected = next(
            (int(word.removeprefix("exit=")) for word in block.info if word.startswith("exit=")), 0
        )
        for line in block.text.splitlines():
            code, output = run_shell(line, folder)
            assert code == expected, f"{line}\n{output}"


def command_lines(page: Page) -> list[str]:
    in_blocks = [line for block in page.blocks if block.language == "sh" for line in block.text.splitlines()]
    return [line.strip() for line in (*in_blocks, *page.spans)]


@each_page()
def test_every_command_and_option_exists(page):
    root = click.Context(cli, info_name="goldenpath")
    for line in command_lines(page):
        for call in re.findall(r"(?:^|\bdo )goldenpath ([^;|>]*)", line):
            name, *words = shlex.split(call, comments=True)
            command: click.Command | None = cli if name.startswith("--") else cli.get_command(root, name)
            while not name.startswith("--") and isinstance(command, click.Group) and words:
                command = command.get_command(root, words.pop(0))
            assert command is not None, line
            known = {
                option
                for parameter in command.params
                for option in (*parameter.opts, *parameter.secondary_opts)
            }
            assert {word.split("=")[0] for word in words if word.startswith("--")} - {"--help"} <= known, line


@each_page()
def test_every_make_target_exists(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {found for line in command_lines(page) for found in re.findall(r"^make ([a-z-]+)", line)}

    assert named <= targets


@each_page()
def test_every_link_leads_somewhere(page):
    for link in page.links:
        target, _, anchor = link.partition("#")
        file = (page.path.parent / target).resolve() if target else page.path
        assert file.exists(), link
        if anchor:
            assert anchor_of(anchor) in Page(file).anchors, link


@each_page()
def test_every_named_file_of_the_repository_exists(page):
    for span in page.spans:
        if re.fullmatch(r"(goldenpath|templates|tests|tools|docs|benchmarks)/[\w./-]*", span):
            assert (ROOT / span).exists(), span


def test_every_page_is_reached_from_the_index():
    index = Page(ROOT / "docs" / "README.md")
    linked = {(index.path.parent / link.partition("#")[0]).resolve() for link in index.links}
    decisions = Page(ROOT / "docs" / "decisions" / "README.md")
    linked |= {(decisions.path.parent / link).resolve() for link in decisions.links}

    assert {page.path for page in PAGES if "docs" in page.path.parts} - linked <= {index.path}


def test_the_page_on_policies_has_every_policy():
    text = (ROOT / "docs/concepts/policies.md").read_text(encoding="utf-8")
    rows = {f"| `{policy.id}` | {policy.title} |" for policy in policies()}

    assert rows <= set(text.splitlines())
    assert len(re.findall(r"^\| `[a-z-]+` \|", text, re.MULTILINE)) == len(rows)


def test_the_page_on_what_holds_has_a_test_for_each_row_and_a_row_for_each_test():
    page = Page(ROOT / "docs/concepts/how-we-know-that-it-holds.md")
    table = page.text.partition("## What is enforced")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    shown = [re.search(r"\]\(\.\./\.\./(tests/\w+/test_\w+\.py)\) \|$", row) for row in rows]

    assert len(rows) > 20
    assert [row for row, found in zip(rows, shown, strict=True) if not found] == []
    tests = {f"tests/cluster/{file.name}" for file in (ROOT / "tests/cluster").glob("test_*.py")}
    about_others = {name for name in tests if "cluster_verbs" in name} | {
        "tests/cluster/test_control_plane.py"
    }
    of_clusters = {found[1] for found in shown if found and found[1].startswith("tests/cluster/")}
    assert of_clusters == tests - about_others


def test_the_page_on_what_holds_names_the_versions_that_are_built():
    page = Page(ROOT / "docs/concepts/how-we-know-that-it-holds.md")
    table = tomllib.loads((ROOT / "tests/cluster/assets/versions.toml").read_text(encoding="utf-8"))
    built = {name: part["version"].removeprefix("v") for name, part in table.items() if "build" in part}

    assert built
    assert {name for name, version in built.items() if f" {version} " not in page.text} == set()


def test_requests_golden_paths_and_commands_are_among_the_blocks():
    kinds = {block.kind for page in PAGES for block in page.blocks}

    assert {
        "request",
        "request-part",
        "refused",
        "fleet",
        "fleet-part",
        "golden-path",
        "policy",
        "tested",
    } <= kinds
