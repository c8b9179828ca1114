"""Writing rendered files: only changes, never half a file, only in owned folders, without leftovers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from goldenpath.errors import InputError
from goldenpath.file_output import WriteOutcome, write_files
from goldenpath.manifests import RenderedFile

OURS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {app.kubernetes.io/managed-by: goldenpath}}\n"
NAMESPACE = OURS.replace("ConfigMap", "Namespace")
THEIRS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
FOLDER = "clusters/berlin/tenants/vision"


def rendered(*paths: str, text: str = OURS) -> list[RenderedFile]:
    return [RenderedFile(path, text) for path in paths]


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def test_a_missing_folder_is_created(tmp_path: Path) -> None:
    outcome = write_files(tmp_path / "new" / "out", rendered("a.yaml", "b/c.yaml"))
    assert outcome == WriteOutcome(written=("a.yaml", "b/c.yaml"))
    assert (tmp_path / "new/out/b/c.yaml").read_text() == OURS
    assert files_in(tmp_path) == ["new/out/a.yaml", "new/out/b/c.yaml"]


def test_files_that_are_up_to_date_are_not_written(tmp_path: Path) -> None:
    write_files(tmp_path, rendered("a.yaml", "b.yaml"))
    os.utime(tmp_path / "a.yaml", ns=(1, 1))
    outcome = write_files(tmp_path, [*rendered("a.yaml"), *rendered("b.yaml", text=THEIRS)])
    assert outcome == WriteOutcome(written=("b.yaml",), unchanged=("a.yaml",))
    assert (tmp_path / "a.yaml").stat().st_mtime_ns == 1
    assert (tmp_path / "b.yaml").read_text() == THEIRS


def test_a_change_of_the_same_length_is_seen(tmp_path: Path) -> None:
    write_files(tmp_path, rendered("a.yaml", text="abc"))
    assert write_files(tmp_path, rendered("a.yaml", text="abd")).written == ("a.yaml",)


def test_text_arrives_byte_for_byte(tmp_path: Path) -> None:
    text = "a: é\r\nb: 漢\n"
    write_files(tmp_path, rendered("a.yaml", text=text))
    assert (tmp_path / "a.yaml").read_bytes() == text.encode()


@pytest.mark.parametrize("path", ["../a.yaml", "a/../../b", "/etc/a", "a//b", "./a", "a/.", "", "a\\..\\b"])
def test_no_path_leaves_the_folder(tmp_path: Path, path: str) -> None:
    with pytest.raises(InputError, match="not a plain relative path"):
        write_files(tmp_path / "out", rendered("fine.yaml", path))
    assert files_in(tmp_path) == []


def test_nothing_is_written_through_a_link_to_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("kept")
    out = tmp_path / "out"
    out.mkdir()
    (out / "b.yaml").symlink_to(tmp_path / "secret")
    with pytest.raises(InputError, match="symbolic link") as caught:
        write_files(out, rendered("a.yaml", "b.yaml"))
    assert caught.value.problems[0].rule == "symlink"
    assert (tmp_path / "secret").read_text() == "kept"
    assert not (out / "a.yaml").exists(), "a refusal leaves the folder as it was"


def test_nothing_is_written_through_a_link_to_a_folder(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    out = tmp_path / "out"
    out.mkdir()
    (out / "clusters").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="symbolic link"):
        write_files(out, rendered("clusters/berlin/a.yaml"))
    assert files_in(tmp_path / "elsewhere") == []


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "real")
    write_files(tmp_path / "out", rendered("a.yaml"))
    assert files_in(tmp_path / "real") == ["a.yaml"]


def test_a_folder_in_the_place_of_a_file_and_the_other_way_round_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").mkdir()
    (tmp_path / "b").write_text("")
    with pytest.raises(InputError, match=r"a\.yaml: is not a file, and blocks a rendered file"):
        write_files(tmp_path, rendered("a.yaml"))
    with pytest.raises(InputError, match="b: is not a folder, and blocks a folder"):
        write_files(tmp_path, rendered("b/c.yaml"))


def test_a_write_that_fails_leaves_the_old_file_and_no_remains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path, rendered("a.yaml"))

    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", no_space)
    with pytest.raises(InputError, match="No space left on device"):
        write_files(tmp_path, rendered("a.yaml", text=THEIRS))
    assert files_in(tmp_path) == ["a.yaml"]
    assert (tmp_path / "a.yaml").read_text() == OURS


def test_a_manifest_that_is_no_longer_rendered_is_removed_from_owned_places_only(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        rendered(f"{FOLDER}/a.yaml", f"{FOLDER}/deep/b.yaml", "clusters/berlin/tenants/speech/a.yaml"),
    )
    outcome = write_files(
        tmp_path, rendered(f"{FOLDER}/c.yaml"), owned=[FOLDER, "clusters/berlin/flux/vision.yaml"]
    )
    assert outcome.removed == (f"{FOLDER}/a.yaml", f"{FOLDER}/deep/b.yaml")
    assert files_in(tmp_path) == [
        f"{FOLDER}/c.yaml".replace("vision", "speech").replace("c.yaml", "a.yaml"),
        f"{FOLDER}/c.yaml",
    ]


def test_a_single_owned_file_is_removed(tmp_path: Path) -> None:
    flux = "clusters/berlin/flux/vision.yaml"
    write_files(tmp_path, rendered(flux, "clusters/berlin/flux/speech.yaml"))
    assert write_files(tmp_path, [], owned=[flux]).removed == (flux,)
    assert files_in(tmp_path) == ["clusters/berlin/flux/speech.yaml"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("namespace.yaml", NAMESPACE),
        ("by-hand.yaml", THEIRS),
        ("mixed.yaml", f"{OURS}---\n{THEIRS}"),
        ("broken.yaml", "a: ["),
        ("empty.yaml", ""),
        ("list.yaml", "- a\n"),
        (
            "labels.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {labels: [app.kubernetes.io/managed-by]}\n",
        ),
    ],
)
def test_files_of_others_are_kept_and_reported(tmp_path: Path, name: str, text: str) -> None:
    write_files(tmp_path, rendered(f"{FOLDER}/{name}", text=text))
    outcome = write_files(tmp_path, [], owned=[FOLDER])
    assert outcome == WriteOutcome(kept=(f"{FOLDER}/{name}",))
    assert (tmp_path / FOLDER / name).read_text() == text


def test_files_that_are_not_utf8_are_kept(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / FOLDER / "a.yaml").write_bytes(b"\xff\xfe")
    assert write_files(tmp_path, [], owned=[FOLDER]).kept == (f"{FOLDER}/a.yaml",)


def test_links_hidden_files_and_other_kinds_of_files_are_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / "ours.yaml").write_text(OURS)
    (tmp_path / FOLDER / "link.yaml").symlink_to(tmp_path / "ours.yaml")
    (tmp_path / FOLDER / ".hidden.yaml").write_text(OURS)
    (tmp_path / FOLDER / "notes.txt").write_text(OURS)
    assert write_files(tmp_path, [], owned=[FOLDER]) == WriteOutcome()


def test_stale_manifests_can_be_kept(tmp_path: Path) -> None:
    write_files(tmp_path, rendered(f"{FOLDER}/a.yaml"))
    outcome = write_files(tmp_path, [], owned=[FOLDER], keep_stale=True)
    assert outcome == WriteOutcome(kept=(f"{FOLDER}/a.yaml",))
    assert files_in(tmp_path) == [f"{FOLDER}/a.yaml"]


def test_a_dry_run_reports_the_same_and_changes_nothing(tmp_path: Path) -> None:
    write_files(tmp_path, rendered(f"{FOLDER}/a.yaml", f"{FOLDER}/b.yaml"))
    wanted = [*rendered(f"{FOLDER}/b.yaml", text=THEIRS), *rendered("new/c.yaml")]
    planned = write_files(tmp_path, wanted, owned=[FOLDER], dry_run=True)
    assert files_in(tmp_path) == [f"{FOLDER}/a.yaml", f"{FOLDER}/b.yaml"]
    assert (tmp_path / FOLDER / "b.yaml").read_text() == OURS
    assert write_files(tmp_path, wanted, owned=[FOLDER]) == planned


def test_a_folder_that_another_process_made_meanwhile_is_joined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two renders into one new repository: each sees no folder, and both make it."""
    rename = os.rename

    def late(source: str, target: str) -> None:
        Path(target).mkdir(parents=True, exist_ok=True)
        (Path(target) / "theirs.yaml").write_text("b: 2\n")
        monkeypatch.setattr(os, "rename", rename)
        rename(source, target)

    monkeypatch.setattr(os, "rename", late)
    outcome = write_files(tmp_path, [RenderedFile("tenants/a/x.yaml", "a: 1\n")])
    assert outcome.written == ("tenants/a/x.yaml",)
    assert {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*.*")} == {
        "tenants/a/x.yaml",
        "tenants/theirs.yaml",
    }
