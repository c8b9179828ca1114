"""The record of the hash step: each input, the digest that was asked for, and what was found. Pure.

A container's last message is what the kubelet keeps of it: 4,096 bytes at most, in the Pod's status, which no account of a
tenant can write. So the record is short: one line of JSON.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from goldenpath.errors import InputError
from goldenpath.provenance.refusals import refused

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MOST_BYTES", "InputRecord", "LineageRecord", "WantedInput"]

FORMAT: Final = "lineage/v1"
MOST_BYTES: Final = 4096
"""What the kubelet keeps of a container's last message (Kubernetes, "Customizing the termination message")."""

_WANTED: Final = re.compile(
    r"(?P<name>dataset-[a-z0-9-]{1,40}|base-model)=(?P<folder>/[^=]{1,200})=(?P<digest>sha256:[0-9a-f]{64})"
)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class WantedInput:
    """One argument of the hash step: an input, where it is mounted, and its digest."""

    kind: str
    """`image` or `tree`."""
    name: str
    folder: str
    digest: str

    @classmethod
    def parse(cls, kind: str, text: str) -> Self:
        """Read ``NAME=FOLDER=DIGEST``.

        Raises:
            InputError: it is something else.
        """
        found = _WANTED.fullmatch(text)
        if found is None:
            message = "must be NAME=FOLDER=sha256:DIGEST, with a name such as dataset-reports or base-model"
            raise InputError.of(f"--{kind}", "lineage-input", message, text)
        return cls(kind, found["name"], found["folder"], found["digest"])

    @classmethod
    def of_argument(cls, argument: str) -> Self:
        """Read an argument as a Pod has it: ``--image=…`` or ``--tree=…``.

        Raises:
            ArtifactRefusedError: it is something else.
        """
        for kind in ("image", "tree"):
            if argument.startswith(f"--{kind}="):
                try:
                    return cls.parse(kind, argument.removeprefix(f"--{kind}="))
                except InputError:
                    break
        raise refused("run-shape", f"The hash step has the argument {argument[:200]!r}.")


@dataclass(frozen=True, slots=True)
class InputRecord:
    """What the hash step found of one input."""

    name: str
    tree: str
    """Tree digest, as 64 hexadecimal digits."""
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class LineageRecord:
    """What the hash step found of all inputs."""

    inputs: tuple[InputRecord, ...]

    def line(self) -> str:
        """The record as the hash step writes it.

        Raises:
            InputError: the kubelet would cut it off.
        """
        rows = [[each.name, each.tree, each.files, each.bytes] for each in self.inputs]
        text = json.dumps({"format": FORMAT, "inputs": rows}, separators=(",", ":"))
        if len(text) > MOST_BYTES:
            message = (
                f"the record has {len(text)} bytes, and the kubelet keeps {MOST_BYTES}; name fewer inputs"
            )
            raise InputError.of("--image", "lineage-record", message)
        return text

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what a container wrote last.

        Raises:
            ArtifactRefusedError: it is no record.
        """
        try:
            document: Any = json.loads(text)
        except ValueError:
            document = None
        match document:
            case {"format": "lineage/v1", "inputs": list(rows)} if len(document) == len(("format", "inputs")):
                return cls(tuple(map(_row, rows)))
        raise refused("lineage-missing", "The hash step wrote no record.")

    def held_against(self, wanted: Sequence[WantedInput]) -> dict[str, InputRecord]:
        """The records by name, where each input has one, and is what was asked for.

        Raises:
            ArtifactRefusedError: an input has no record, or is another one.
        """
        found = {each.name: each for each in self.inputs}
        for each in wanted:
            if each.name not in found:
                raise refused("lineage-missing", f"{each.name} has no record.")
            tree = f"sha256:{found[each.name].tree}"
            if each.kind == "tree" and tree != each.digest:
                raise refused("dataset-changed", f"{each.name} is {tree}, and {each.digest} was asked for.")
        if len(found) != len(self.inputs) or found.keys() != {each.name for each in wanted}:
            raise refused("run-shape", "The record names other inputs than the hash step was given.")
        return found


def _row(row: Any) -> InputRecord:
    match row:
        case [str(name), str(tree), int(files), int(size)] if (
            _DIGEST.fullmatch(tree) and files >= 0 and size >= 0
        ):
            return InputRecord(name, tree, files, size)
    raise refused("lineage-missing", "The record of the hash step has another form.")
