"""The record of the hash step: the digest, the files and the size of each input. Pure.

The record is the termination message of the container. The kubelet keeps at most 4,096 bytes of it in the status of the
Pod, which no account of a tenant can write. The record is therefore one short line of JSON.
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

__all__ = ["MAX_RECORD_BYTES", "InputRecord", "LineageRecord", "WantedInput"]

FORMAT: Final = "lineage/v1"
MAX_RECORD_BYTES: Final = 4096
"""The kubelet's limit of a termination message (Kubernetes, "Customizing the termination message")."""

_WANTED: Final = re.compile(
    r"(?P<name>dataset-[a-z0-9-]{1,40}|base-model)=(?P<folder>/[^=]{1,200})=(?P<digest>sha256:[0-9a-f]{64})"
)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class WantedInput:
    """One argument of the hash step: an input, the folder of its mount, and its expected digest."""

    kind: str
    """`image` or `tree`."""
    name: str
    folder: str
    digest: str

    @classmethod
    def parse(cls, kind: str, text: str) -> Self:
        """Read ``NAME=FOLDER=DIGEST``.

        Raises:
            InputError: the text has another form.
        """
        found = _WANTED.fullmatch(text)
        if found is None:
            message = "must be NAME=FOLDER=sha256:DIGEST, with a name such as dataset-reports or base-model"
            raise InputError.of(f"--{kind}", "lineage-input", message, text)
        return cls(kind, found["name"], found["folder"], found["digest"])

    @classmethod
    def of_argument(cls, argument: str) -> Self:
        """Read an argument of a Pod: ``--image=…`` or ``--tree=…``.

        Raises:
            ArtifactRefusedError: the argument has another form.
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
    """The result of the hash step for one input."""

    name: str
    tree: str
    """Tree digest, as 64 hexadecimal digits."""
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class LineageRecord:
    """The result of the hash step for all inputs."""

    inputs: tuple[InputRecord, ...]

    def line(self) -> str:
        """Return the line that the hash step writes.

        Raises:
            InputError: the kubelet would cut off the line.
        """
        rows = [[each.name, each.tree, each.files, each.bytes] for each in self.inputs]
        text = json.dumps({"format": FORMAT, "inputs": rows}, separators=(",", ":"))
        if len(text) > MAX_RECORD_BYTES:
            message = f"the record has {len(text)} bytes, but the kubelet keeps {MAX_RECORD_BYTES}; name fewer inputs"
            raise InputError.of("--image", "lineage-record", message)
        return text

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the termination message of a container.

        Raises:
            ArtifactRefusedError: the message is not a record.
        """
        try:
            document: Any = json.loads(text)
        except ValueError:
            document = None
        match document:
            case {"format": "lineage/v1", "inputs": list(rows)} if len(document) == len(("format", "inputs")):
                return cls(tuple(map(_row, rows)))
        raise refused("lineage-missing", "The hash step wrote no record.")

    def match(self, wanted: Sequence[WantedInput]) -> dict[str, InputRecord]:
        """Compare the record with the arguments of the hash step, and return its inputs by name.

        Raises:
            ArtifactRefusedError: an input has no record or another digest, or the record has another input.
        """
        found = {each.name: each for each in self.inputs}
        for each in wanted:
            if each.name not in found:
                raise refused("lineage-missing", f"{each.name} has no record.")
            tree = f"sha256:{found[each.name].tree}"
            if each.kind == "tree" and tree != each.digest:
                raise refused(
                    "dataset-changed", f"{each.name} has the digest {tree} instead of {each.digest}."
                )
        if len(found) != len(self.inputs) or found.keys() != {each.name for each in wanted}:
            raise refused("run-shape", "The record names other inputs than the arguments of the hash step.")
        return found


def _row(row: Any) -> InputRecord:
    match row:
        case [str(name), str(tree), int(files), int(size)] if (
            _DIGEST.fullmatch(tree) and files >= 0 and size >= 0
        ):
            return InputRecord(name, tree, files, size)
    raise refused("lineage-missing", "The record of the hash step has another form.")
