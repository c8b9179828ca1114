"""After a publish: what changed, as artifacts, where the fleet is delivered by a registry.

The commit stands whatever happens here, so nothing is raised for the registry's sake: what went wrong is part of the
result, with the command that goes on.
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
    """What was brought to the registry, and what stopped it."""

    registry: str
    tag: str
    command: str
    """The command that goes on."""
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    sent_bytes: int = 0
    error: GoldenpathError | None = None
    was_tried: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "registry": self.registry,
            "tag": self.tag,
            "sent_bytes": self.sent_bytes,
            "artifacts": self.artifacts,
            "error": None if self.error is None else str(self.error),
            "command": self.command if self.error is not None or not self.was_tried else None,
        }


def check_deliverable(fleet: Fleet, option: str) -> None:
    """Refuse a key for artifacts where the fleet has no registry, before anything is committed.

    Raises:
        InputError: the fleet has no `delivery`.

    """
    if fleet.state().context.spec.delivery is None:
        message = "is given, and goldenpath.yaml has no `delivery` that says where artifacts go"
        raise InputError.of(option, "no-delivery", message)


@dataclass(frozen=True, slots=True)
class ArtifactKeys:
    """The keys as they were given: who signs artifacts, and who signs provenance for which builder."""

    artifact: str | None
    provenance: str | None
    builder: str | None

    @property
    def words(self) -> list[str]:
        """The options of ``goldenpath artifacts push`` that say the same."""
        words = ["--key", self.artifact or "FILE"]
        if self.provenance is not None:
            words += ["--provenance-key", self.provenance, "--builder", str(self.builder)]
        return words


@dataclass(frozen=True, slots=True)
class Signers:
    """Who signs artifacts, and who signs their provenance where that is asked for."""

    artifact: Signer
    provenance: Signer | None


def deliver(fleet: Fleet, place: str, keys: ArtifactKeys, signers: Signers | None) -> ArtifactDelivery | None:
    """Bring what changed to the registry; None where the fleet has none."""
    delivery: Delivery | None = fleet.state().context.spec.delivery
    if delivery is None:
        return None
    words = ["goldenpath", "artifacts", "push", "--repo", place, *keys.words]
    done = ArtifactDelivery(delivery.registry, delivery.tag, shlex.join(words), was_tried=signers is not None)
    if signers is None:
        return done
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
                    done.artifacts.append(each.as_dict())
            finally:
                done.sent_bytes = client.sent_bytes
    except GoldenpathError as error:
        done.error = error
    return done


def show_delivery(done: ArtifactDelivery) -> None:
    """Say it to a person."""
    if not done.was_tried:
        click.echo(f"Artifacts of {done.registry} are not pushed: no --artifact-key. Go on with:")
        click.echo(f"  {done.command}")
    elif done.error is not None:
        lost = click.style("not delivered", fg="red")
        click.echo(f"{lost}: the commit stands, and {done.registry} does not have it.", err=True)
        show_error(done.error)
        click.echo("Nothing is lost. Then go on with:", err=True)
        click.echo(f"  {done.command}", err=True)
    elif done.artifacts:
        sent = sum(1 for each in done.artifacts if each["sent_bytes"])
        click.echo(
            f"Pushed {counted(sent, 'artifact')} ({counted(done.sent_bytes, 'byte')}) to {done.registry}, tag {done.tag}."
        )
    else:
        click.echo(f"Nothing to push: {done.registry} has the index of this commit for every cluster.")
