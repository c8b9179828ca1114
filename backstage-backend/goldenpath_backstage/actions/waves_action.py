"""``goldenpath:upgrade-start``, ``waves`` and ``waves-control``: changes of many owners in waves."""

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
    """The progress of the waves."""

    phase: str
    """`running`, `paused` or `aborted`."""
    waitsFor: str  # noqa: N815 - as Backstage writes names
    """What the next wave waits for; empty if it waits for nothing."""
    complete: bool
    """Whether every change that needs no person is made."""
    waves: list[dict[str, Any]]
    """Each wave with its members: state, reason and health."""


class UpgradeStartInput(Chosen):
    """The members of the upgrade, and their waves."""

    waves: dict[str, Any]
    """The waves, in the format of `waves.yaml`: `format: waves/v1`, and the members of each wave."""
    delivery: Delivery = "pull-request"
    """`pull-request` opens one review for each owner of a wave; `commit` writes to the fleet's branch."""
    approvedBy: Annotated[str, Field(max_length=200)] | None = None  # noqa: N815 - the same
    """Who approved hand edits as overrides; without it, tenants with hand edits wait for their owner."""
    reason: Annotated[str, Field(max_length=500)] | None = None
    """The reason for these overrides."""
    expires: Date | None = None
    """The day on which these overrides expire."""
    keepOverrides: bool = False  # noqa: N815 - the same
    """Keep overrides of requests even if the new version changes the same field."""


class WavesInput(Input):
    """The upgrade or the change set."""

    goldenPath: GoldenPathName | None = None  # noqa: N815 - as Backstage writes names
    """The golden path of an upgrade."""
    to: ExactVersion | None = None
    """The new version of an upgrade."""
    change: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    """The id of a change set, instead of `goldenPath`."""


class WavesControlInput(WavesInput):
    """The upgrade or the change set, and the operation."""

    operation: Literal["resume", "pause", "abort", "rollback"]
    """`resume` continues to the next gate; `pause` and `abort` start no further wave; `rollback` reverts a wave."""
    wave: Annotated[str, Field(min_length=1, max_length=63)] | None = None
    """With `rollback`: the wave; by default the last one that made a change."""
    reason: Message = ""
    """With `pause` and `abort`: the reason."""


def _start(inputs: UpgradeStartInput, call: ActionCall) -> WavesOutput:
    demand_admin(call.caller, "an upgrade in waves changes tenants of every owner")
    waves = waves_of(inputs.waves, "waves")
    agreement = Agreement.of(inputs.approvedBy, inputs.reason, inputs.expires)
    with _runner_options(call, reads_health=waves.health) as runner_options:
        runner = UpgradeWaves(call.fleet.repository, inputs.goldenPath, inputs.to, **runner_options)
        options: dict[str, Any] = {
            "agreement": agreement,
            "selection": inputs.selection,
            "pull_requests": inputs.delivery == "pull-request",
            "keep_overrides": inputs.keepOverrides,
        }
        if call.dry_run:
            record = runner.planned(waves, **options)
            members = [{"name": wave, "members": [*names]} for wave, names in record.members.items()]
            call.info("This was a dry run: nothing was started")
            return WavesOutput(phase="planned", waitsFor="", complete=False, waves=members)
        call.finish()
        return _output(runner.start(waves, **options), call)


def _waves(inputs: WavesInput, call: ActionCall) -> WavesOutput:
    with _open_runner(inputs, call, reads_health=True) as runner:
        return _output(runner.status(), call)


def _control(inputs: WavesControlInput, call: ActionCall) -> WavesOutput:
    demand_admin(call.caller, "waves change tenants of every owner")
    reads_health = inputs.operation == "resume" or call.dry_run
    with _open_runner(inputs, call, reads_health=reads_health) as runner:
        if call.dry_run:
            return _output(runner.status(), call)
        call.finish()
        return _output(_operate(runner, inputs), call)


@contextlib.contextmanager
def _open_runner(inputs: WavesInput, call: ActionCall, *, reads_health: bool) -> Iterator[WaveRunner[Any]]:
    if (inputs.goldenPath is None) == (inputs.change is None):
        message = "set either `goldenPath`, for an upgrade, or `change`, for a change set"
        raise InputError.of("goldenPath", "one-of", message)
    fleet = call.fleet.repository
    with _runner_options(call, reads_health=reads_health) as options:
        if inputs.goldenPath is not None:
            yield UpgradeWaves(fleet, inputs.goldenPath, inputs.to, **options)
        else:
            yield ChangeWaves(fleet, str(inputs.change), **options)


def _operate(runner: WaveRunner[Any], inputs: WavesControlInput) -> Progress:
    if inputs.operation == "rollback":
        return runner.rollback(inputs.wave)
    if inputs.operation == "resume":
        return runner.resume()
    if not inputs.reason.strip():
        raise InputError.of("reason", "required", f"is empty; give a reason to {inputs.operation}")
    return runner.pause(inputs.reason) if inputs.operation == "pause" else runner.abort(inputs.reason)


@contextlib.contextmanager
def _runner_options(call: ActionCall, *, reads_health: bool) -> Iterator[dict[str, Any]]:
    """Yield the arguments of a wave runner, and close its connections to clusters at the end."""
    with contextlib.ExitStack() as stack:
        yield {
            "forge": call.fleet.forge,
            "gate": _health_gate(call, stack) if reads_health else no_gate,
            "pace": ForgePace(),
            "author": author_of(call.caller, call.context().spec.domain),
        }


def _health_gate(call: ActionCall, stack: contextlib.ExitStack) -> HealthGate:
    # These load the Kubernetes client, an extra that a backend without clusters does not need.
    from goldenpath.waves.flux_health import FluxHealth  # noqa: PLC0415

    def connect_all(clusters: list[str]) -> dict[str, ClusterClient]:
        from goldenpath.cluster import connect, context_names  # noqa: PLC0415
        from goldenpath.live import contexts_for  # noqa: PLC0415

        if call.fleet.kubeconfig is None:
            message = "need health, and the backend's setting `kubeconfig` is not set; set it, or set `health: false`"
            raise InputError.of("waves", "no-clusters", message)
        kubeconfig = str(call.fleet.kubeconfig)
        contexts = contexts_for(clusters, context_names(kubeconfig), context=None)
        return {name: stack.enter_context(connect(context, kubeconfig)) for name, context in contexts.items()}

    return FluxHealth(call.fleet.repository, connect_all)


def _output(progress: Progress, call: ActionCall) -> WavesOutput:
    call.fleet.forget()
    call.info(f"{progress.title}: {progress.phase}")
    for wave in progress.waves:
        for member in wave.members:
            call.info(f"{wave.name}: {member.name} {member.state}{f' ({member.why})' if member.why else ''}")
    if progress.waits_for:
        call.info(f"Waiting for {progress.waits_for}")
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
        "Records the waves of an upgrade and their members in the fleet repository, and runs it up to the first gate. "
        "`goldenpath:waves-control` continues it. For platform admins."
    ),
    input=UpgradeStartInput,
    output=WavesOutput,
    examples=(
        Example(
            "Upgrade a canary, then all others, by pull request",
            {"goldenPath": "tenant/v1", "waves": _EXAMPLE_WAVES},
        ),
    ),
    effort=Effort.WAITS,
    verb=Verb.CHANGE,
    run=_start,
)

WAVES = Action(
    id="goldenpath:waves",
    title="Show the progress of a change in waves",
    description=(
        "Shows the progress of an upgrade or a change set in waves: each member of each wave with its state, the reason, "
        "and the health that its clusters report. Nothing is written."
    ),
    input=WavesInput,
    output=WavesOutput,
    examples=(
        Example("Show the progress of an upgrade", {"goldenPath": "tenant/v1"}),
        Example("Show the progress of a change set", {"change": "3f2a9c1b7e"}),
    ),
    effort=Effort.WAITS,
    verb=Verb.READ,
    run=_waves,
)

WAVES_CONTROL = Action(
    id="goldenpath:waves-control",
    title="Control a change in waves",
    description=(
        "Continues an upgrade or a change set in waves up to the next gate, pauses it, aborts it, or rolls a wave back. For "
        "platform admins. A dry run shows the progress."
    ),
    input=WavesControlInput,
    output=WavesOutput,
    examples=(
        Example("Continue a change set", {"change": "3f2a9c1b7e", "operation": "resume"}),
        Example(
            "Roll the canary back",
            {"goldenPath": "tenant/v1", "operation": "rollback", "wave": "canary"},
        ),
    ),
    effort=Effort.WAITS,
    verb=Verb.CHANGE,
    run=_control,
)
