"""Blame names the commit that set a value, on a corpus with known answers."""

from __future__ import annotations

import random
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from fleets import fleet_text

from goldenpath import kubeyaml
from goldenpath.blame import blame
from goldenpath.errors import InputError
from goldenpath.fleet import Fleet

if TYPE_CHECKING:
    from pathlib import Path

PROFILES = ("nvidia-h100-80gb", "nvidia-l4-24gb")
FILE = "tenants/vision/tenant.yaml"


class History:
    """A request's history, one commit after the other, and who gave each value."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.commits: list[tuple[str, str]] = []
        self.truth: dict[tuple[str, ...], str] = {}
        self.request: dict[str, Any] = {}

    def commit(self, author: str, text: str) -> None:
        self.commits.append((author, text))

    def write(self) -> None:
        subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(self.place)], check=True)
        parts = []
        for number, (author, text) in enumerate(self.commits):
            who = f"{author} <{author}@example.org> {1700000000 + number} +0000"
            files = {FILE: text} if number else {FILE: text, "goldenpath.yaml": fleet_text()}
            parts.append(f"commit refs/heads/main\nauthor {who}\ncommitter {who}\ndata 1\n{number % 10}\n")
            for path, content in files.items():
                parts.append(f"M 100644 inline {path}\ndata {len(content.encode())}\n{content}\n")
        data = "".join(parts).encode()
        subprocess.run(["git", "-C", str(self.place), "fast-import", "--quiet"], input=data, check=True)


def leaves(request: dict[str, Any]) -> dict[tuple[str, ...], Any]:
    """Each value by a path in which entries have their profile, as the test itself tells them apart."""
    found: dict[tuple[str, ...], Any] = {}
    for key, value in request.items():
        if key == "gpus":
            found |= {
                (f"gpus[profile={gpu['profile']}]", field): gpu[field] for gpu in value for field in gpu
            }
        elif isinstance(value, dict):
            found |= {(key, field): value[field] for field in value}
        elif not isinstance(value, list):
            found[key,] = value
    return found


def changed(request: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """The request with one thing changed; entries come and go, and change places."""
    new: dict[str, Any] = kubeyaml.load(kubeyaml.dump(request))
    gpus = new.setdefault("gpus", [])
    what = rng.choice(["title", "environment", "pods", "memory", "quota", "add", "remove", "turn", "drop"])
    if what in {"title", "environment"}:
        new[what] = f"word-{rng.randrange(9)}"
    elif what in {"pods", "memory"}:
        value = rng.randrange(1, 9)
        new.setdefault("compute", {})[what] = value if what == "pods" else f"{value}Gi"
    elif what == "quota" and gpus:
        rng.choice(gpus)["quota"] = rng.randrange(1, 9)
    elif what == "add" and len(gpus) < len(PROFILES):
        missing = next(name for name in PROFILES if name not in {gpu["profile"] for gpu in gpus})
        gpus.insert(rng.randrange(len(gpus) + 1), {"profile": missing, "quota": rng.randrange(1, 9)})
    elif what == "remove" and len(gpus) > 1:
        gpus.pop(rng.randrange(len(gpus)))
    elif what == "turn":
        gpus.reverse()
    elif what == "drop":
        new.pop(rng.choice(["title", "environment"]), None)
    return new


def written(request: dict[str, Any], rng: random.Random) -> str:
    """The request as somebody may write it: comments, other places of fields, entries on one line."""
    keys = list(request)
    if rng.random() < 0.5:
        rng.shuffle(keys)
    lines = [f"# {rng.random()}"] if rng.random() < 0.5 else []
    for key in keys:
        value = request[key]
        if key == "gpus" and value and rng.random() < 0.5:
            lines.append("gpus:")
            lines += [
                f"  - {{profile: {gpu['profile']}, quota: {gpu['quota']}}}  # {rng.random()}" for gpu in value
            ]
        else:
            lines.append(kubeyaml.dump({key: value}).rstrip("\n"))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("seed", range(6))
def test_blame_names_who_gave_each_value(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    history = History(tmp_path / "fleet.git")
    request: dict[str, Any] = {
        "golden_path": "tenant/v1",
        "name": "vision",
        "owner": "vision-team",
        "clusters": ["berlin"],
        "gpus": [{"profile": PROFILES[0], "quota": 1}],
    }
    truth: dict[tuple[str, ...], str] = {}
    before: dict[tuple[str, ...], Any] = {}
    for number in range(40):
        author = f"person-{number}"
        if number and rng.random() < 0.7:
            new = changed(request, rng)
            if (
                len(new["gpus"]) == len(request["gpus"]) == 1
                and new["gpus"][0]["profile"] != request["gpus"][0]["profile"]
            ):
                continue
            request = new
        now = leaves(request)
        truth = {
            path: truth[path] if before.get(path) == value and path in truth else author
            for path, value in now.items()
        }
        before = now
        history.commit(author, written(request, rng))
    history.write()
    with Fleet.open(history.place) as fleet:
        for path, author in truth.items():
            found = blame(fleet, "vision", ".".join(path))
            (origin,) = found.origins
            assert (origin.kind, found.value) == ("request", before[path])
            assert origin.commit is not None
            assert (origin.commit.author.name, path) == (author, path)
            line = history.commits[-1][1].splitlines()[(origin.line or 1) - 1]
            assert path[-1] in line, path


def _fleet(tmp_path: Path, *texts: str) -> Fleet:
    history = History(tmp_path / "fleet.git")
    for number, text in enumerate(texts):
        history.commit(f"person-{number}", text)
    history.write()
    return Fleet.open(history.place)


BASE = "golden_path: tenant/v1\nname: vision\nowner: vision-team\nclusters: [berlin]\n"


def test_an_entry_is_followed_through_a_change_of_its_name(tmp_path: Path) -> None:
    one = BASE + "gpus:\n- profile: nvidia-h100-80gb\n  quota: 1\n"
    with _fleet(tmp_path, one, one.replace("h100-80gb", "l4-24gb")) as fleet:
        found = {
            field: blame(fleet, "vision", f"gpus[0].{field}").origins[0].commit
            for field in ("profile", "quota")
        }
    assert {field: commit and commit.author.name for field, commit in found.items()} == {
        "profile": "person-1",
        "quota": "person-0",
    }


def test_a_similar_entry_that_is_put_before_takes_no_blame(tmp_path: Path) -> None:
    one = BASE + "gpus:\n- profile: nvidia-h100-80gb\n  quota: 1\n"
    two = BASE + "gpus:\n- profile: nvidia-l4-24gb\n  quota: 1\n- profile: nvidia-h100-80gb\n  quota: 1\n"
    with _fleet(tmp_path, one, two) as fleet:
        origin = blame(fleet, "vision", "gpus[profile=nvidia-h100-80gb].quota").origins[0]
    assert origin.commit is not None
    assert (origin.commit.author.name, origin.line) == ("person-0", 9)


def test_a_default_of_the_fleet_is_blamed_on_the_fleet(tmp_path: Path) -> None:
    with _fleet(tmp_path, BASE) as fleet:
        unset = blame(fleet, "vision", "compute.pods")
    assert (unset.value, unset.origins[0].kind, unset.origins[0].field) == (
        100,
        "default",
        "defaults.compute.pods",
    )
    fleet_file = fleet_text(defaults={"compute": {"pods": 7}})
    history = History(tmp_path / "other.git")
    history.commit("person-0", BASE)
    history.write()
    subprocess.run(
        ["git", "-C", str(history.place), "fast-import", "--quiet"],
        input=(
            "commit refs/heads/main\nauthor Bob <bob@example.org> 1700000009 +0000\n"
            f"committer Bob <bob@example.org> 1700000009 +0000\ndata 1\nx\nfrom refs/heads/main^0\n"
            f"M 100644 inline goldenpath.yaml\ndata {len(fleet_file.encode())}\n{fleet_file}\n"
        ).encode(),
        check=True,
    )
    with Fleet.open(history.place) as fleet:
        found = blame(fleet, "vision", "compute.pods")
    (origin,) = found.origins
    assert (found.value, origin.kind, origin.file) == (7, "fleet", "goldenpath.yaml")
    assert origin.commit is not None
    assert origin.commit.author.name == "Bob"
    assert fleet_file.splitlines()[(origin.line or 0) - 1].strip() == "pods: 7"


def test_a_default_of_the_golden_path_is_blamed_on_it(tmp_path: Path) -> None:
    with _fleet(tmp_path, BASE) as fleet:
        found = blame(fleet, "vision", "environment")
        nothing = blame(fleet, "vision", "contact")
    assert (found.value, found.origins[0].kind) == ("production", "golden path")
    assert found.origins[0].file.startswith("tenant/v1 1.")
    assert "no default" in nothing.origins[0].note


@pytest.mark.parametrize(
    ("field", "rule", "nearest"),
    [
        ("compute.memroy", "unknown-field", "memory"),
        ("enviroment", "unknown-field", "environment"),
        ("gpus[3].quota", "no-such-entry", None),
        ("gpus[].quota", "several-fields", None),
        ("", "field-path", None),
        ("compute..memory", "field-path", None),
    ],
)
def test_an_unknown_field_is_refused_with_the_nearest(
    tmp_path: Path, field: str, rule: str, nearest: str | None
) -> None:
    text = BASE + "gpus:\n- {profile: nvidia-h100-80gb, quota: 1}\n- {profile: nvidia-l4-24gb, quota: 1}\n"
    with _fleet(tmp_path, text) as fleet, pytest.raises(InputError) as refused:
        blame(fleet, "vision", field)
    assert (refused.value.problems[0].rule, refused.value.problems[0].nearest) == (rule, nearest)


def test_an_unknown_tenant_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with _fleet(tmp_path, BASE) as fleet, pytest.raises(InputError) as refused:
        blame(fleet, "visoin", "owner")
    assert refused.value.problems[0].nearest == "vision"
