"""``goldenpath:upgrade-start``, ``waves`` and ``waves-control``: changes of many owners that go in waves."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from goldenpath.changes import ChangeWaves
from goldenpath.errors import InputError
from goldenpath.spec.types import Date, ExactVersion, GoldenPathName  # noqa: TC001 - pydantic reads them
from goldenpath.upgrades import Agreement, UpgradeWaves
from goldenpath.waves.forge_pace import ForgePace
from goldenpath.waves.owner_health import no_gate
from goldenpath.waves.waves_file import waves_of
from goldenpath_backstage.actions.action import Action, Effort, Example, Input, Output
from goldenpath_backstage.actions.request_change import Delivery, Message, author_of
from goldenpath_backstage.actions.upgrade_plan_action import Chosen
from goldenpath_backstage.auth.permissions import Verb, demand_admin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.cluster import ClusterClient
    from goldenpath.waves import Progress, WaveRunner
    from goldenpath.waves.owner_health import HealthGate
    from goldenpath_backstage.actions.action import ActionCall

__all__ = ["UPGRADE_START", "WAVES", "WAVES_CONTROL"]


class WavesOutput(Output):
    """How far it is."""

    phase: str
    """`running`, `paused` or `aborted`."""
    waitsFor: str  # noqa: N815 - as Backstage writes names
    """What it waits for, in words; empty where it waits for nothing."""
    complete: bool
    """Whether no owner is left whose change could be made without a person."""
    waves: list[dict[str, Any]]
    """Each wave with its members: state, reason and health."""


class UpgradeStartInput(Chosen):
    """Which owners, in which waves."""

    waves: dict[str, Any]
    """The waves, as `waves.yaml` has them: `format: waves/v1`, and who goes when."""
    delivery: Delivery = "pull-request"
    """`pull-request` puts each wave up for review, one for each owner; `commit` puts it on the fleet's branch."""
    approvedBy: Annotated[str, Field(max_length=200)] | None = None  # noqa: N815 - the same
    """Who agreed that hand edits stay, as overrides; without it, tenants with hand edits wait for their owner."""
    reason: Annotated[str, Field(max_length=500)] | None = None
    """Why they stay."""
    expires: Date | None = None
    """Until when they stay."""
    keepOverrides: bool = False  # noqa: N815 - the same
    """Keep overrides of requests also where the new version changes the same field."""


class WavesInput(Input):
    """Which upgrade or change set."""

    goldenPath: GoldenPathName | None = None  # noqa: N815 - as Backstage writes names
    """The upgrade of this golden path."""
    to: ExactVersion | None = None
    """The version to which the upgrade goes."""
    change: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    """Or the change set with this id."""


class WavesControlInput(WavesInput):
    """Which upgrade or change set, and what is to be done with it."""

    operation: Literal["resume", "pause", "abort", "rollback"]
    """`resume` goes as far as the next gate; `pause` and `abort` start no further wave; `rollback` takes a wave back."""
    wave: Annotated[str, Field(min_length=1, max_length=63)] | None = None
    """With `rollback`, the wave; the last one that changed anyone otherwise."""
    reason: Message = ""
    """With `pause` and `abort`, why."""


def _start(asked: UpgradeStartInput, call: ActionCall) -> WavesOutput:
    demand_admin(call.caller, "an upgrade in waves changes tenants of every owner")
    waves = waves_of(asked.waves, "waves")
    agreement = Agreement.of(asked.approvedBy, asked.reason, asked.expires)
    with _machinery(call, looks=waves.health) as machinery:
        runner = UpgradeWaves(call.fleet.repository, asked.goldenPath, asked.to, **machinery)
        options: dict[str, Any] = {
            "agreement": agreement,
            "selection": asked.selection,
            "pull_requests": asked.delivery == "pull-request",
            "keep_overrides": asked.keepOverrides,
        }
        if call.dry_run:
            record = runner.planned(waves, **options)
            members = [{"name": wave, "members": [*names]} for wave, names in record.members.items()]
            call.info("This was a dry run: nothing was started")
            return WavesOutput(phase="planned", waitsFor="", complete=False, waves=members)
        call.finish()
        return _output(runner.start(waves, **options), call)


def _waves(asked: WavesInput, call: ActionCall) -> WavesOutput:
    with _runner(asked, call, looks=True) as runner:
        return _output(runner.status(), call)


def _control(asked: WavesControlInput, call: ActionCall) -> WavesOutput:
    demand_admin(call.caller, "waves change tenants of every owner")
    with _runner(asked, call, looks=asked.operation == "resume" or call.dry_run) as runner:
        if call.dry_run:
            return _output(runner.status(), call)
        call.finish()
        return _output(_operated(runner, asked), call)


@contextlib.contextmanager
def _runner(asked: WavesInput, call: ActionCall, *, looks: bool) -> Iterator[WaveRunner[Any]]:
    """What carries it out.

    Raises:
        InputError: the input names none, or two.
    """
    if (asked.goldenPath is None) == (asked.change is None):
        message = "give `goldenPath` for an upgrade, or `change` for a change set"
        raise InputError.of("goldenPath", "one-of", message)
    fleet = call.fleet.repository
    with _machinery(call, looks=looks) as machinery:
        if asked.goldenPath is not None:
            yield UpgradeWaves(fleet, asked.goldenPath, asked.to, **machinery)
        else:
            yield ChangeWaves(fleet, str(asked.change), **machinery)


def _operated(runner: WaveRunner[Any], asked: WavesControlInput) -> Progress:
    if asked.operation == "rollback":
        return runner.rollback(asked.wave)
    if asked.operation == "resume":
        return runner.resume()
    if not asked.reason.strip():
        raise InputError.of("reason", "required", f"is empty; say why it is to {asked.operation}")
    return runner.pause(asked.reason) if asked.operation == "pause" else runner.abort(asked.reason)


@contextlib.contextmanager
def _machinery(call: ActionCall, *, looks: bool) -> Iterator[dict[str, Any]]:
    """What a wave runner takes; with connections to clusters where the settings have a kubeconfig."""
    with contextlib.ExitStack() as stack:
        yield {
            "forge": call.fleet.forge,
            "gate": _gate(call, stack) if looks else no_gate,
            "pace": ForgePace(),
            "author": author_of(call.caller, call.context().spec.domain),
        }


def _gate(call: ActionCall, stack: contextlib.ExitStack) -> HealthGate:
    # They load the Kubernetes client, which a backend that reaches no cluster need not have.
    from goldenpath.waves.flux_health import FluxHealth  # noqa: PLC0415

    def connected(clusters: list[str]) -> dict[str, ClusterClient]:
        from goldenpath.cluster import connect, context_names  # noqa: PLC0415
        from goldenpath.live import contexts_for  # noqa: PLC0415

        if call.fleet.kubeconfig is None:
            message = (
                "asks for health, and this backend reaches no clusters: set `kubeconfig`, or `health: false`"
            )
            raise InputError.of("waves", "no-clusters", message)
        kubeconfig = str(call.fleet.kubeconfig)
        contexts = contexts_for(clusters, context_names(kubeconfig), context=None)
        return {name: stack.enter_context(connect(context, kubeconfig)) for name, context in contexts.items()}

    return FluxHealth(call.fleet.repository, connected)


def _output(progress: Progress, call: ActionCall) -> WavesOutput:
    call.fleet.forget()
    call.info(f"{progress.title}: {progress.phase}")
    for wave in progress.waves:
        for member in wave.members:
            call.info(f"{wave.name}: {member.name} {member.state}{f' ({member.why})' if member.why else ''}")
    if progress.waits_for:
        call.info(f"Waits for {progress.waits_for}")
    shown = progress.as_dict()
    return WavesOutput(
        phase=progress.phase,
        waitsFor=progress.waits_for,
        complete=progress.is_complete,
        waves=shown["waves"],
    )


_EXAMPLE_WAVES: dict[str, Any] = {
    "format": "waves/v1",
    "health": False,
    "waves": [{"name": "canary", "names": ["vision"]}, {"name": "rest"}],
}

UPGRADE_START = Action(
    id="goldenpath:upgrade-start",
    title="Start an upgrade in waves",
    description=(
        "Records the waves of an upgrade and their members in the fleet repository, and goes up to the first gate. "
        "`goldenpath:waves-control` continues it. For platform admins."
    ),
    input=UpgradeStartInput,
    output=WavesOutput,
    examples=(
        Example(
            "A canary first, then the rest, each up for review",
            {"goldenPath": "tenant/v1", "waves": _EXAMPLE_WAVES},
        ),
    ),
    effort=Effort.WAITS,
    verb=Verb.CHANGE,
    run=_start,
)

WAVES = Action(
    id="goldenpath:waves",
    title="See how far a change in waves is",
    description=(
        "Shows how far an upgrade or a change set in waves is: each member of each wave with its state, the reason, and the "
        "health that its clusters report. Nothing is written."
    ),
    input=WavesInput,
    output=WavesOutput,
    examples=(
        Example("See how far an upgrade is", {"goldenPath": "tenant/v1"}),
        Example("See how far a change set is", {"change": "3f2a9c1b7e"}),
    ),
    effort=Effort.WAITS,
    verb=Verb.READ,
    run=_waves,
)

WAVES_CONTROL = Action(
    id="goldenpath:waves-control",
    title="Control a change in waves",
    description=(
        "Continues an upgrade or a change set in waves up to the next gate, pauses it, ends it, or rolls a wave back. For "
        "platform admins. A dry run shows its progress."
    ),
    input=WavesControlInput,
    output=WavesOutput,
    examples=(
        Example("Go on with a change set", {"change": "3f2a9c1b7e", "operation": "resume"}),
        Example(
            "Take the canary back",
            {"goldenPath": "tenant/v1", "operation": "rollback", "wave": "canary"},
        ),
    ),
    effort=Effort.WAITS,
    verb=Verb.CHANGE,
    run=_control,
)
