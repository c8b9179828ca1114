"""Hand edits against new versions of rendered files: trials by the seed, and an oracle that knows what was done.

Each trial edits one place of one rendered file, makes a new version of the file, and asks goldenpath to bring the edit
over. The oracle makes the same edit in the new version by itself: it remembers which object and which item was meant.
A trial is right where both agree; what may not be agreed on is counted by what went wrong.
"""

from __future__ import annotations

import copy
import datetime as dt
import itertools
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from goldenpath import kubeyaml
from goldenpath.edits import ListKeys
from goldenpath.manifests import is_kubernetes_object
from goldenpath.render.overrides import apply_overrides
from goldenpath.spec.override import Override
from goldenpath.upgrades.carrying import overrides_for, without_ambiguous
from goldenpath.upgrades.object_edits import edits_in_file, objects_in
from goldenpath.upgrades.standing_overrides import judge_overrides

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TEMPLATES = Path(__file__).parents[2] / "templates"
AGREED = {"reason": "Test", "approved_by": "us", "expires": "2099-01-01"}
KEYS = ListKeys()
#: Lists whose items have a key, as the APIs of the kinds that we render say it. Not goldenpath's own table.
KEYED: dict[str, tuple[str, ...]] = {
    "flavors": ("name",),
    "groups": ("name",),
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "claims": ("name",),
    "resourceClaims": ("name",),
    "variables": ("name",),
    "matchConditions": ("name",),
    "replicatedJobs": ("name",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
}
OF_KIND: dict[tuple[str, str], tuple[str, ...]] = {
    ("ClusterQueue", "resources"): ("name",),
    ("Cohort", "resources"): ("name",),
    ("LimitRange", "limits"): ("type",),
    ("Service", "ports"): ("port", "protocol"),
    ("Deployment", "ports"): ("containerPort", "protocol"),
    ("Deployment", "imagePullSecrets"): ("name",),
    ("LeaderWorkerSet", "ports"): ("containerPort", "protocol"),
    ("LLMInferenceService", "ports"): ("containerPort", "protocol"),
    ("ResourceClaimTemplate", "requests"): ("name",),
    ("ServiceAccount", "secrets"): ("name",),
}
KEY_FIELDS = {field for keys in (*KEYED.values(), *OF_KIND.values()) for field in keys} | {"coveredResources"}
IDENTITY = {("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")}

_TRIES = 12

Body = dict[str, Any]
Steps = tuple[Any, ...]


class RealConflictError(Exception):
    """The new version has changed the very place that was edited, to something else."""


class GoneError(Exception):
    """The new version has no such place any more."""


@dataclass(frozen=True)
class Change:
    """One change of one place, made by a person or by a new version; ``steps`` are those of the base."""

    action: str
    steps: Steps
    before: Any = None
    after: Any = None


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


def identity(body: Body) -> tuple[str, str, str]:
    metadata = body.get("metadata") or {}
    return body["kind"], metadata.get("namespace", ""), metadata["name"]


def mark(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def places(value: Any, steps: Steps = ()) -> Iterator[tuple[Steps, Any]]:
    """Every place below a value, with what is there."""
    if steps:
        yield steps, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*steps, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*steps, index))


def at(value: Any, steps: Steps) -> Any:
    for step in steps:
        value = value[step]
    return value


def is_key_of_its_list(steps: Steps) -> bool:
    """Whether a place says which item of a list this is, or may say it."""
    return any(step in KEY_FIELDS and isinstance(before, int) for before, step in itertools.pairwise(steps))


def key_of(body: Body, field_name: str) -> tuple[str, ...] | None:
    return OF_KIND.get((body["kind"], field_name)) or KEYED.get(field_name)


def twin(base: Body, new: Body, steps: Steps) -> Steps:
    """Where a place of the base is in a new version of the same object.

    Raises:
        GoneError: it is not there.
        RealConflictError: an item without a key is another one now.
    """
    there: Any = new
    was: Any = base
    found: list[Any] = []
    for number, step in enumerate(steps):
        was = was[step]
        if isinstance(step, int):
            field_name = next(each for each in reversed(steps[:number]) if isinstance(each, str))
            step = twin_item(base, field_name, was, there)  # noqa: PLW2901
        elif not isinstance(there, dict) or step not in there:
            raise GoneError
        found.append(step)
        there = there[step]
    return tuple(found)


def twin_item(base: Body, field_name: str, item: Any, there: Any) -> int:
    if not isinstance(there, list):
        raise GoneError
    key = key_of(base, field_name)
    for index, other in enumerate(there):
        if field_name == "resourceGroups" and isinstance(item, dict):
            if set(item["coveredResources"]) & set(other["coveredResources"]):
                return index
        elif key is not None and isinstance(item, dict):
            if all(other.get(each) == item.get(each) for each in key):
                return index
        elif mark(other) == mark(item):
            return index
    if key is not None or field_name == "resourceGroups":
        raise GoneError
    raise RealConflictError


def apply(base: Body, new: Body, change: Change) -> Body:  # noqa: C901, PLR0912 - one branch for each action
    """A change that was made in the base, made in a new version of the object: what should come of it.

    Raises:
        RealConflictError: both changed the place.
        GoneError: the place is not there any more.
    """
    made = copy.deepcopy(new)
    *way, last = change.steps
    if change.action == "add-key":
        holder = at(made, twin(base, new, tuple(way)))
        if not isinstance(holder, dict):
            raise GoneError
        if last in holder and mark(holder[last]) != mark(change.after):
            raise RealConflictError
        holder[last] = change.after
    elif change.action == "add-item":
        holder = at(made, twin(base, new, change.steps))
        if not isinstance(holder, list):
            raise RealConflictError
        key = key_of(base, str(change.steps[-1])) if isinstance(change.after, dict) else None
        for item in holder:
            if (
                key
                and mark(item) != mark(change.after)
                and all(item.get(k) == change.after.get(k) for k in key)
            ):
                raise RealConflictError
        if all(mark(item) != mark(change.after) for item in holder):
            holder.append(change.after)
    else:
        steps = twin(base, new, change.steps)
        if change.action == "rename":
            # A person who renames an item says nothing of its other fields: where those change too, one must decide.
            was, others = at(base, change.steps[:-1]), at(new, steps[:-2])
            if mark(at(new, steps[:-1])) != mark(was) or any(i.get(last) == change.after for i in others):
                raise RealConflictError
        if mark(at(new, steps)) not in {mark(change.before), mark(change.after)}:
            raise RealConflictError
        holder, last = at(made, steps[:-1]), steps[-1]
        if change.action == "remove":
            del holder[last]
        else:
            holder[last] = change.after
    return made


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
    """Whether a list below has an item twice: nothing tells those apart."""
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
        items.insert(rng.randint(0, len(items)), new_item(rng, edited, edit.steps, items[0]))
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


@dataclass
class Outcome:
    """What goldenpath made of an edit."""

    text: str
    overrides: list[Override] = field(default_factory=list)
    stops: list[str] = field(default_factory=list)


def carried_over(path: str, base: str, there: str, new: str, overrides: list[Override]) -> Outcome:
    """Goldenpath's way: judge the edits, say them as overrides, and render with them."""
    cluster = path.split("/", 2)[1]
    objects = objects_in([(path, new)])
    edits = without_ambiguous(edits_in_file(path, base, there, objects, KEYS), objects)
    stops = [
        f"{edit.verdict}: {edit.judged.edit.place}: {edit.judged.why}" for edit in edits if edit.verdict.stops
    ]
    made = [
        Override.model_validate({**entry, "expires": dt.date(2099, 1, 1)})
        for entry in overrides_for(edits, objects, AGREED)
    ]
    return Outcome(apply_overrides(new, made, cluster=cluster), [*overrides, *made], stops)


def unordered(value: Any) -> Any:
    """A value whose lists compare without their order: an added item may stand elsewhere."""
    if isinstance(value, dict):
        return {key: unordered(inner) for key, inner in value.items()}
    return sorted(mark(unordered(item)) for item in value) if isinstance(value, list) else value


def verdict_of(outcome: Outcome, expected: list[Body] | None) -> str:
    """Right, or what went wrong; ``expected`` is None where a person must decide."""
    if expected is None:
        return "stopped rightly" if outcome.stops else "edit lost"
    if outcome.stops:
        return "false conflict"
    made = {identity(body): body for body in kubeyaml.load_all(outcome.text)}
    wanted = {identity(body): body for body in expected}
    if made.keys() != wanted.keys():
        return "upstream lost"
    wrong = [name for name in wanted if unordered(made[name]) != unordered(wanted[name])]
    return "carried" if not wrong else "wrong: " + ", ".join("/".join(name) for name in wrong)


def trial(rng: random.Random, path: str, text: str, *, rounds: int) -> list[tuple[str, str]]:
    """Edit, upgrade, and again for each further round; the kind of each new version and what came of it."""
    cluster = path.split("/", 2)[1]
    plain, overrides, made_edits = text, [], list[tuple[tuple[str, str, str], Body, Change]]()
    results: list[tuple[str, str]] = []
    for _ in range(rounds):
        bodies = [each for each in kubeyaml.load_all(plain) if each is not None]
        base_text = apply_overrides(plain, overrides, cluster=cluster)
        base = [each for each in kubeyaml.load_all(base_text) if each is not None]
        if not all(map(is_kubernetes_object, base)) or any(map(has_equal_items, base)):
            break
        body = rng.choice(base)
        target = next(each for each in bodies if identity(each) == identity(body))
        kind = rng.choice(VERSIONS)
        chosen = chosen_edit(rng, kind, plain, bodies, target, body, is_first=not made_edits)
        if chosen is None:
            break
        edit, version = chosen
        edited = apply(body, body, edit)
        there = kubeyaml.dump_all([edited if identity(each) == identity(body) else each for each in base])
        standing = list(
            judge_overrides(
                overrides,
                objects_in([(path, plain)]),
                objects_in([(path, version.text)]),
                KEYS,
                keep=False,
            )
        )
        new_text = apply_overrides(version.text, overrides, cluster=cluster)
        outcome = carried_over(path, base_text, there, new_text, overrides)
        outcome.stops += [str(each.edit.verdict) for each in standing if each.stops]
        expected = expectation(version, [*made_edits, (identity(body), body, edit)])
        results.append((kind, verdict_of(outcome, expected)))
        if outcome.stops or expected is None:
            break
        if kind != "same value":
            made_edits.append((identity(body), body, edit))
        plain, overrides = version.text, outcome.overrides
    return results


def chosen_edit(  # noqa: PLR0917 - what a trial knows
    rng: random.Random,
    kind: str,
    plain: str,
    bodies: list[Body],
    target: Body,
    body: Body,
    *,
    is_first: bool,
) -> tuple[Change, Version] | None:
    """An edit of an object and a new version of a kind that fits it; None where the object has no place for them."""
    for _ in range(_TRIES):
        edit = random_change(rng, body)
        if edit is None:
            return None
        if has_equal_items(apply(body, body, edit)):
            continue  # nothing tells equal items apart: goldenpath stops there, and rightly
        if not is_first and kind in OF_THE_EDITED_PLACE:
            # What an earlier edit made is not in the plain version: a new version changes what it renders itself.
            try:
                if mark(at(target, edit.steps[:-1])) != mark(at(body, edit.steps[:-1])):
                    continue
            except (KeyError, IndexError, TypeError):
                continue
        version = new_version(rng, kind, plain, bodies, target, edit)
        if version is not None:
            return edit, version
    return None


def expectation(
    version: Version, edits: list[tuple[tuple[str, str, str], Body, Change]]
) -> list[Body] | None:
    """The new version with all edits in it, as the oracle makes them; None where a person must decide."""
    wanted = {identity(body): body for body in version.bodies}
    for name, base, edit in edits:
        if name not in wanted:
            return None
        try:
            wanted[name] = apply(base, wanted[name], edit)
        except (GoneError, RealConflictError):
            # The order may differ: an override takes a renamed item away and adds it at the end.
            if unordered(apply(base, base, edit)) != unordered(wanted[name]):
                return None
    return list(wanted.values())


def run(trials: int, *, seed: int) -> tuple[Counter[tuple[str, str]], list[str]]:
    """How often each came of each kind of new version, and how to get those again that went wrong."""
    files = rendered_files()
    counts: Counter[tuple[str, str]] = Counter()
    wrong: list[str] = []
    done = number = 0
    while done < trials:
        path, text = files[number % len(files)]
        results = trial(random.Random(f"{seed}/{number}"), path, text, rounds=2)
        for kind, result in results:
            counts[kind, result.partition(":")[0]] += 1
            if result not in {"carried", "stopped rightly"}:
                wrong.append(f"seed {seed}, trial {number}, {path}, {kind}: {result}")
        done += len(results)
        number += 1
    return counts, wrong
