"""Write commit messages: a sentence, the changes by cluster, and trailers for programs."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from goldenpath.counts import counted
from goldenpath.repository.object_changes import ChangeKind
from goldenpath.spec.ref import Subject
from goldenpath.tenancy.repository_paths import FLEET_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from goldenpath.repository.publish_plan import Part, Plan

__all__ = ["commit_message", "subject"]

_REQUESTED: Final = (Subject.TENANT, Subject.WORKLOAD)
_NAMED: Final = 5
"""The most tenants and workloads to name; for more, the message has their number."""
_SUBJECT_CHARS: Final = 72
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_OUR_TRAILERS: Final = re.compile(r"^[ \t]*goldenpath-[\w-]*[ \t]*:.*$", re.IGNORECASE | re.MULTILINE)
"""Our trailers in the words of a person, which programs would take for the changes of this commit."""
_VERBS: Final = {ChangeKind.ADDED: "Add", ChangeKind.CHANGED: "Change", ChangeKind.REMOVED: "Delete"}


def subject(plan: Plan) -> str:
    """The subject line for a plan."""
    changed = [part for part in plan.parts if part.changes]
    requested = [part for part in changed if part.kind in _REQUESTED]
    clusters = [part.name for part in changed if part.kind is Subject.PLATFORM]
    platform = [f"the platform of {_names(clusters)}"] if clusters else []
    if len(requested) + len(clusters) < len(changed):
        return _short(f"Change {_names([FLEET_FILE, *_numbers(requested), *platform])}")
    if not requested:
        return _short(f"Change {_names(platform)}")
    actions = {part.action for part in requested}
    verb = _VERBS.get(next(iter(actions)) or ChangeKind.CHANGED, "Change") if len(actions) == 1 else "Change"
    if len(requested) > _NAMED:
        return f"{verb} {_names(_numbers(requested))}"
    return _short(f"{verb} {_names([_named(part) for part in requested])}")


def commit_message(
    plan: Plan,
    digests: Mapping[str, str],
    *,
    first_words: str | None = None,
    more: Iterable[tuple[str, str]] = (),
) -> str:
    """The commit message for a plan.

    Args:
        plan: the plan.
        digests: the digest of each request, by name of the tenant, or ``<tenant>/<workload>``.
        first_words: the words of a person, in place of the subject.
        more: further trailers.
    """
    opening = _OUR_TRAILERS.sub("", _CONTROL.sub("", first_words or "")).strip()
    changed = [part for part in plan.parts if part.changes]
    blocks = [opening or subject(plan)]
    blocks += ["\n".join(_body(part)) for part in changed] if len(changed) <= _NAMED else [_counts(changed)]
    trailers = list(_trailers(changed, digests))
    trailers += [f"{name}: {_CONTROL.sub('', value).replace(chr(10), ' ')}" for name, value in more]
    if trailers:
        blocks.append("\n".join(trailers))
    return "\n\n".join(block for block in blocks if block) + "\n"


def _body(part: Part) -> Iterator[str]:
    """The changes of one part: a line for each cluster, and one for each changed accelerator."""
    by_cluster: defaultdict[str, Counter[ChangeKind]] = defaultdict(Counter)
    for change in part.changes.objects:
        by_cluster[change.id.cluster or "everywhere"][change.action] += 1
    for cluster, counts in by_cluster.items():
        reported = ", ".join(f"{counts[action]} {action}" for action in ChangeKind if counts[action])
        yield f"{cluster}: {reported}"
    for gpu in part.gpus:
        yield f"{gpu.cluster}: {gpu.profile} {_share(*gpu.before)} -> {_share(*gpu.after)}"
    if part.before and part.after and part.before != part.after:
        yield f"golden path: {part.before} -> {part.after}"


def _counts(changed: list[Part]) -> str:
    """The number of changed parts. Counting their objects would read every file."""
    counts = Counter(part.action for part in changed if part.kind in _REQUESTED)
    return ", ".join(f"{counts[action]} {action}" for action in ChangeKind if counts[action])


def _numbers(parts: list[Part]) -> list[str]:
    numbers = Counter(part.kind for part in parts)
    return [counted(numbers[kind], kind) for kind in _REQUESTED if numbers[kind]]


def _trailers(changed: list[Part], digests: Mapping[str, str]) -> Iterator[str]:
    requested = [part for part in changed if part.kind in _REQUESTED]
    for part in requested if len(requested) <= _NAMED else ():
        yield f"Goldenpath-{part.kind.title()}: {part.name}"
        if exact := part.after or part.before:
            yield f"Goldenpath-Path: {exact}"
        if part.name in digests:
            yield f"Goldenpath-Request: {digests[part.name]}"


def _named(part: Part) -> str:
    clusters = sorted({change.id.cluster for change in part.changes.objects if change.id.cluster})
    return f"{part.name} on {_names(clusters)}" if clusters else part.name


def _names(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else "nothing"


def _share(quota: int, borrow: int) -> str:
    return f"{quota} (+{borrow} borrowed)" if borrow else str(quota)


def _short(text: str) -> str:
    return text if len(text) <= _SUBJECT_CHARS else f"{text[: _SUBJECT_CHARS - 1].rstrip(' ,')}…"
