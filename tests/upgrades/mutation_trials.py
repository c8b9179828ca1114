"""Hand edits against new versions of rendered files: trials by the seed.

Each trial edits one place of one rendered file, makes a new version of the file, and asks goldenpath to bring the edit
over. A trial is right where goldenpath and the oracle agree; each other trial is counted by what went wrong.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from dataclasses import dataclass, field

from mutation_oracle import Body, Change, GoneError, RealConflictError, apply, at, identity, mark, unordered
from mutations import (
    OF_THE_EDITED_PLACE,
    VERSIONS,
    Version,
    has_equal_items,
    new_version,
    random_change,
    rendered_files,
)

from goldenpath import kubeyaml
from goldenpath.edits import ListKeys
from goldenpath.manifests import is_kubernetes_object
from goldenpath.render.overrides import apply_overrides
from goldenpath.spec.override import Override
from goldenpath.upgrades.carried_edits import overrides_for, without_ambiguous
from goldenpath.upgrades.existing_overrides import judge_overrides
from goldenpath.upgrades.object_edits import edits_in_file, objects_in

AGREED = {"reason": "Test", "approved_by": "us", "expires": "2099-01-01"}
KEYS = ListKeys()
_TRIES = 12


@dataclass
class Outcome:
    """The result of an edit in goldenpath."""

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
