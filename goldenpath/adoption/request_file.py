"""Writes a derived request as a file for a person to check and correct."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.counts import counted
from goldenpath.spec.tenant import Tenant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["in_order", "request_text"]

_WIDTH: Final = 100


def in_order(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request with its fields in the order of the model."""
    known = [name for name in Tenant.model_fields if name in request]
    return {name: request[name] for name in [*known, *(name for name in request if name not in known)]}


def request_text(
    request: Mapping[str, Any], sources: Mapping[str, str], leftovers: int, findings: int
) -> str:
    """Write the request as YAML. Comments name the source of each field, the defaults, and missing required fields."""
    opening = f"Derived from namespace {request['name']} on {', '.join(request['clusters'])}."
    if leftovers or findings:
        both = [
            counted(number, word)
            for number, word in ((findings, "finding"), (leftovers, "leftover"))
            if number
        ]
        opening += f" Read its {' and '.join(both)} before it is published."
    blocks = [_comment(opening)]
    for name in Tenant.model_fields:
        comment = _comment("; ".join(_reasons(name, sources)))
        if name in request:
            blocks.append(comment + kubeyaml.dump({name: request[name]}))
        elif Tenant.model_fields[name].is_required():
            blocks.append(_comment(f"{name} is required, and no object has it:") + f"# {name}:\n")
        elif comment:
            blocks.append(_comment(f"No {name}: {'; '.join(_reasons(name, sources))}"))
    blocks += [
        kubeyaml.dump({name: value}) for name, value in request.items() if name not in Tenant.model_fields
    ]
    return "\n".join(blocks)


def _reasons(name: str, sources: Mapping[str, str]) -> Iterator[str]:
    """Yield the sources of a field and its inner fields, each reason once."""
    by_reason: dict[str, list[str]] = {}
    for path, why in sources.items():
        if path == name:
            yield why
        elif path.startswith(f"{name}."):
            by_reason.setdefault(why, []).append(path.removeprefix(f"{name}."))
    for why, inside in by_reason.items():
        yield f"{', '.join(inside)}: {why}"


def _comment(text: str) -> str:
    printable = "".join(character if character.isprintable() else " " for character in text)
    return "".join(
        f"# {line}\n"
        for line in textwrap.wrap(printable, _WIDTH, break_long_words=False, break_on_hyphens=False)
    )
