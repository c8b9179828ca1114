"""Random hand edits and random new versions of rendered files, by a seed."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from mutation_oracle import (
    IDENTITY,
    Body,
    Change,
    Steps,
    apply,
    at,
    identity,
    is_key_of_its_list,
    key_of,
    mark,
    places,
)

from goldenpath import kubeyaml
from goldenpath.manifests import is_kubernetes_object

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

TEMPLATES = Path(__file__).parents[2] / "templates"


def rendered_files() -> list[tuple[str, str]]:
    """Path and text of every manifest that the examples of the golden paths render."""
    found = []
    for folder in sorted(TEMPLATES.glob("*/examples/*/expected")):
        for file in sorted(folder.rglob("*.yaml")):
            path = file.relative_to(folder).as_posix()
            text = file.read_text()
            if path.startswith("clusters/") and any(map(is_kubernetes_object, kubeyaml.load_all(text))):
                found.append((path, text))
    return found


def other_value(rng: random.Random, value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + rng.randint(1, 9)
    if isinstance(value, str):
        return f"{value}-{rng.randint(10, 99)}" if value else f"edited-{rng.randint(10, 99)}"
    return f"edited-{rng.randint(10, 99)}"


def random_change(rng: random.Random, body: Body, *, near: Steps | None = None) -> Change | None:
    """A change of a place of an object, next to another place where one is given."""
    everywhere = [
        (steps, value)
        for steps, value in places(body)
        if steps not in IDENTITY and steps != ("metadata",) and not is_key_of_its_list(steps)
    ]
    if near is not None:
        everywhere = [(s, v) for s, v in everywhere if s[:-1] == near[:-1] and s != near]
    leaves = [(s, v) for s, v in everywhere if not isinstance(v, dict | list)]
    lists = [(s, v) for s, v in everywhere if isinstance(v, list) and v]
    maps = [(s, v) for s, v in everywhere if isinstance(v, dict)]
    kinds: list[Callable[[], Change]] = []
    if leaves:
        steps, value = rng.choice(leaves)
        kinds += [lambda: Change("set", steps, value, other_value(rng, value))] * 3
        if isinstance(steps[-1], str):
            kinds.append(lambda: Change("remove", steps, value))
    if maps:
        where, _ = rng.choice(maps)
        kinds.append(
            lambda: Change("add-key", (*where, f"added{rng.randint(1, 999)}"), None, str(rng.randint(1, 9)))
        )
    if lists and near is None:
        of_list, items = rng.choice(lists)
        item = rng.choice(items)
        kinds.append(lambda: Change("add-item", of_list, None, new_item(rng, body, of_list, item)))
        index = rng.randrange(len(items))
        kinds.append(lambda: Change("remove", (*of_list, index), items[index]))
    if near is None and (named := list(renamable(body))):
        of_item, key, old = rng.choice(named)
        kinds.append(lambda: Change("rename", (*of_item, key), old, f"{old}-{rng.randint(1, 999)}"))
    return rng.choice(kinds)() if kinds else None


def renamable(body: Body) -> Iterator[tuple[Steps, str, str]]:
    """Items of lists with one key that is a name, with key and name."""
    for steps, value in places(body):
        key = key_of(body, str(steps[-1])) if isinstance(value, list) else None
        if key is not None and len(key) == 1 and all(isinstance(item, dict) for item in value):
            yield from (
                ((*steps, index), key[0], item[key[0]])
                for index, item in enumerate(value)
                if isinstance(item.get(key[0]), str)
            )


def new_item(rng: random.Random, body: Body, steps: Steps, item: Any) -> Any:
    """An item for a list that the list does not have: one like those that are there, with its own key."""
    if not isinstance(item, dict):
        return other_value(rng, item)
    made = copy.deepcopy(item)
    key = key_of(body, str(steps[-1]))
    if steps[-1] == "resourceGroups":
        made = {"coveredResources": [f"example.org/r{rng.randint(1, 999)}"], "flavors": []}
    elif key is not None:
        made[key[0]] = f"{made.get(key[0])}-{rng.randint(1, 999)}"
    else:
        leaves = [s for s, v in places(made) if not isinstance(v, dict | list)]
        if leaves:
            chosen = rng.choice(leaves)
            at(made, chosen[:-1])[chosen[-1]] = other_value(rng, at(made, chosen))
        else:
            made[f"added{rng.randint(1, 999)}"] = "1"
    return made


def has_equal_items(value: Any) -> bool:
    """Whether a list below has equal items, which cannot be distinguished."""
    return any(
        isinstance(inner, list) and len({mark(item) for item in inner}) < len(inner)
        for _, inner in places({"": value})
    )


VERSIONS = (
    "value",
    "same value",
    "neighbour",
    "label everywhere",
    "similar object first",
    "other writer",
    "other order",
    "comments",
    "removed object",
    "items on both sides",
    "key on both sides",
)
OF_THE_EDITED_PLACE = {"value", "same value", "neighbour", "items on both sides", "key on both sides"}
"""Versions that change the edited place, or one beside it."""


@dataclass
class Version:
    """A new version of a file: its text, and its objects by identity."""

    text: str
    bodies: list[Body]

    def body(self, name: tuple[str, str, str]) -> Body | None:
        return next((body for body in self.bodies if identity(body) == name), None)


def shuffled(rng: random.Random, value: Any) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        rng.shuffle(keys)
        return {key: shuffled(rng, value[key]) for key in keys}
    return [shuffled(rng, item) for item in value] if isinstance(value, list) else value


def new_version(  # noqa: C901, PLR0911, PLR0912, PLR0917 - one branch for each kind of version
    rng: random.Random, kind: str, text: str, bodies: list[Body], edited: Body, edit: Change
) -> Version | None:
    """The file in a new version of a kind; None where the file has no place for it."""
    made = copy.deepcopy(bodies)
    target = next(body for body in made if identity(body) == identity(edited))
    if kind == "value":
        change = Change("set", edit.steps, None, None)
        if edit.action not in {"set", "remove"} or isinstance(edit.before, dict | list):
            return None
        value = other_value(rng, edit.before)
        if mark(value) == mark(edit.after):
            return None  # by chance the edit itself, which is another kind of version
        at(target, change.steps[:-1])[change.steps[-1]] = value
    elif kind == "same value":
        if edit.action != "set":
            return None
        at(target, edit.steps[:-1])[edit.steps[-1]] = edit.after
    elif kind == "neighbour":
        change = random_change(rng, edited, near=edit.steps)
        if change is None or (change.action == "add-key" and change.steps == edit.steps):
            return None
        made[made.index(target)] = apply(edited, target, change)
    elif kind == "label everywhere":
        for body in made:
            body["metadata"].setdefault("labels", {})["example.org/new"] = "yes"
    elif kind == "similar object first":
        copied = copy.deepcopy(edited)
        copied["metadata"]["name"] += "-burst"
        made.insert(0, copied)
    elif kind == "other order":
        made = [shuffled(rng, body) for body in made]
        rng.shuffle(made)
    elif kind == "comments":
        return Version(
            "# A new comment.\n" + text.replace("\nspec:", "\n# What it should be.\nspec:"), bodies
        )
    elif kind == "removed object":
        made.remove(target if rng.random() < 0.5 else rng.choice(made))
    elif kind == "items on both sides":
        if edit.action != "add-item":
            return None
        items = at(target, edit.steps)
        item = new_item(rng, edited, edit.steps, items[0])
        if mark(item) == mark(edit.after):
            return None  # by chance the edit itself, at another place of the list
        items.insert(rng.randint(0, len(items)), item)
    elif kind == "key on both sides":
        if edit.action != "rename":
            return None
        at(target, edit.steps[:-1])[edit.steps[-1]] = f"{edit.before}-{rng.choice(['new', edit.after])}"
    if any(has_equal_items(body) for body in made):
        return None
    if kind == "other writer":
        other = yaml.safe_dump_all(made, width=60, indent=rng.choice([2, 4, 6]), sort_keys=True)
        # PyYAML leaves the name 1e3 unquoted, which Kubernetes reads as a number: that is another value.
        return Version(other, made) if kubeyaml.load_all(other) == made else None
    return Version(kubeyaml.dump_all(made), made)
