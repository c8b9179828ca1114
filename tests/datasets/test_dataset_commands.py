"""`goldenpath dataset`, as text and as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from goldenpath.cli.root_command import cli


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data/sub").mkdir(parents=True)
    (tmp_path / "data/a.csv").write_text("1\n")
    (tmp_path / "data/sub/b c.txt").write_text("b\n")
    return tmp_path


def ran(*words: str):
    return CliRunner().invoke(cli, ["dataset", *words])


def test_a_folder_is_hashed_and_verified(here):
    done = ran("hash", "data", "--manifest", "m", "--format", "json")
    hashed = json.loads(done.stdout)
    assert (hashed["format"], hashed["files"], hashed["bytes"]) == ("dataset-hashed/v1", 2, 4)
    assert ran("hash", "data").stdout == f"{hashed['digest']}  2 files, 4 bytes\n"
    for expected in ("m", hashed["digest"]):
        done = ran("verify", "data", expected)
        assert (done.exit_code, done.stdout) == (0, f"ok  {hashed['digest']}  2 files, 4 bytes\n")


def test_each_difference_is_named(here):
    ran("hash", "data", "--manifest", "m")
    (here / "data/a.csv").write_text("2\n")
    (here / "data/sub/b c.txt").unlink()
    (here / "data/new").write_text("")
    done = ran("verify", "data", "m", "--format", "json")
    verdict = json.loads(done.stdout)
    assert (done.exit_code, verdict["same"], verdict["difference_count"]) == (1, False, 4)
    assert {(each["path"], each["what"]) for each in verdict["differences"]} == {
        ("a.csv", "changed"),
        ("new", "added"),
        ("sub/", "added"),
        ("sub/b c.txt", "missing"),
    }
    said = ran("verify", "data", "m").stdout
    assert "missing  sub/b c.txt is a file of the manifest that does not exist" in said


def test_a_digest_alone_reports_a_difference(here):
    done = ran("verify", "data", f"sha256:{'0' * 64}")
    assert done.exit_code == 1
    assert f", not sha256:{'0' * 64}" in done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("hash", "data", "--manifest", "data/m"), "would be a part of the dataset"),
        (("hash", "data", "--croissant", "data/m"), "would be a part of the dataset"),
        (("hash", "data", "--manifest", "nowhere/m"), "cannot be written"),
        (("hash", "data", "--croissant", "c", "--about", "licence=x"), "must be KEY=TEXT"),
        (("hash", "nothing"), "is not a folder"),
        (("verify", "data", "nothing"), "cannot be read"),
        (("verify", "data", "data/sub/b c.txt"), "neither a dataset manifest nor a Croissant document"),
    ],
)
def test_bad_input_names_the_fix(here, words, message):
    code = "from goldenpath.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "dataset", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert message in done.stderr


def test_a_second_run_reports_the_trusted_files(here):
    for file in ("a.csv", "sub/b c.txt"):
        os.utime(here / "data" / file, (1, 1))
    ran("hash", "data", "--manifest", "m")
    (here / "m.index").unlink()
    assert "every file was read" in ran("hash", "data", "--previous", "m").stderr
    assert "trusted" not in ran("hash", "data", "--previous", "m", "--full").stderr
