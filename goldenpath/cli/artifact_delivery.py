"""Pushes changed artifacts after a publish, if clusters read the fleet from a registry.

The commit stays even if the push fails. A failure of the registry is therefore part of the result, together with the
command that pushes the artifacts later.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.error_output import show_error
from goldenpath.cli.registry_options import open_registry
from goldenpath.counts import counted
from goldenpath.errors import GoldenpathError, InputError

if TYPE_CHECKING:
    from goldenpath.fleet import Fleet
    from goldenpath.signatures.signer import Signer
    from goldenpath.spec.fleet_spec import Delivery

__all__ = ["ArtifactDelivery", "ArtifactKeys", "Signers", "check_deliverable", "deliver", "show_delivery"]


@dataclass
class ArtifactDelivery:
    """The pushed artifacts, and the error that stopped the push."""

    registry: str
    tag: str
    command: str
    """The command that pushes the artifacts later."""
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    sent_bytes: int = 0
    error: GoldenpathError | None = None
    was_tried: bool = True

    def as_dict(self) -> dict[str, Any]:
        return {
            "registry": self.registry,
            "tag": self.tag,
            "sent_bytes": self.sent_bytes,
            "artifacts": self.artifacts,
            "error": None if self.error is None else str(self.error),
            "command": self.command if self.error is not None or not self.was_tried else None,
        }


def check_deliverable(fleet: Fleet, option: str) -> None:
    """Refuse a key for artifacts before the commit, if the fleet has no registry.

    Raises:
        InputError: the fleet has no `delivery`.
    """
    if fleet.state().context.spec.delivery is None:
        message = "needs `delivery` in goldenpath.yaml, which names the registry of artifacts; add it"
        raise InputError.of(option, "no-delivery", message)


@dataclass(frozen=True, slots=True)
class ArtifactKeys:
    """The values of --artifact-key, --provenance-key and --builder."""

    artifact: str | None
    provenance: str | None
    builder: str | None

    @property
    def words(self) -> list[str]:
        """The same values as options of ``goldenpath artifacts push``."""
        words = ["--key", self.artifact or "FILE"]
        if self.provenance is not None:
            words += ["--provenance-key", self.provenance, "--builder", str(self.builder)]
        return words


@dataclass(frozen=True, slots=True)
class Signers:
    """The signer of artifacts, and the signer of their provenance if there is one."""

    artifact: Signer
    provenance: Signer | None


def deliver(fleet: Fleet, place: str, keys: ArtifactKeys, signers: Signers | None) -> ArtifactDelivery | None:
    """Push changed artifacts to the registry; None if the fleet has no registry."""
    delivery: Delivery | None = fleet.state().context.spec.delivery
    if delivery is None:
        return None
    words = ["goldenpath", "artifacts", "push", "--repo", place, *keys.words]
    result = ArtifactDelivery(
        delivery.registry, delivery.tag, shlex.join(words), was_tried=signers is not None
    )
    if signers is None:
        return result
    from goldenpath.artifacts.delivery import push  # noqa: PLC0415 - needs an extra
    from goldenpath.artifacts.provenance import with_provenance  # noqa: PLC0415 - needs an extra

    try:
        with open_registry(delivery.registry, delivery.tag) as client:
            try:
                pushed = push(fleet, client, signers.artifact, tag=delivery.tag, only_changed=True)
                if signers.provenance is not None:
                    builder = str(keys.builder)
                    pushed = with_provenance(client, pushed, fleet.state(), builder, signers.provenance)
                for each in pushed:
                    result.artifacts.append(each.as_dict())
            finally:
                result.sent_bytes = client.sent_bytes
    except GoldenpathError as error:
        result.error = error
    return result


def show_delivery(result: ArtifactDelivery) -> None:
    """Print the result for a person."""
    if not result.was_tried:
        click.echo(
            f"Artifacts were not pushed to {result.registry}: there is no --artifact-key. To push them:"
        )
        click.echo(f"  {result.command}")
    elif result.error is not None:
        word = click.style("not delivered", fg="red")
        click.echo(f"{word}: the commit stands, and {result.registry} does not have its artifacts.", err=True)
        show_error(result.error)
        click.echo("Nothing is lost. To push the artifacts later:", err=True)
        click.echo(f"  {result.command}", err=True)
    elif result.artifacts:
        sent = sum(1 for each in result.artifacts if each["sent_bytes"])
        click.echo(
            f"Pushed {counted(sent, 'artifact')} ({counted(result.sent_bytes, 'byte')}) to {result.registry}, tag {result.tag}."
        )
    else:
        click.echo(f"Nothing to push: {result.registry} has the index of this commit for every cluster.")
