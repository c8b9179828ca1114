"""List the upgrades and change sets of a fleet that run in waves, with the progress of each wave."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath.changes.change_record import ChangeRecord
from goldenpath.changes.change_waves import ChangeWaves
from goldenpath.errors import InputError
from goldenpath.upgrades import UpgradeWaves
from goldenpath.upgrades.upgrade_record import UpgradeRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.fleet import Fleet
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.waves import WaveRunner

__all__ = ["RolloutSummary", "rollouts_in"]

_FOLDERS: Final = ("upgrades", "changes")


@dataclass(frozen=True, slots=True)
class RolloutSummary:
    """One upgrade or change set in waves, from its record and the branch, without calls to clusters and forges."""

    file: str
    identity: dict[str, Any]
    title: str
    phase: str
    why: str
    started: str
    started_by: str
    waves: tuple[dict[str, Any], ...]
    """Name, number of members, and number of merged members of each wave."""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        return {
            "file": self.file,
            **self.identity,
            "title": self.title,
            "phase": self.phase,
            "why": self.why,
            "started": self.started,
            "started_by": self.started_by,
            "waves": list(self.waves),
        }


def rollouts_in(fleet: Fleet, state: FleetState) -> tuple[RolloutSummary, ...]:
    """The rollouts with a record in a state, by file. An invalid record is left out.

    Raises:
        RepositoryError: the repository cannot be read.
    """
    return tuple(_summaries(fleet, state))


def _summaries(fleet: Fleet, state: FleetState) -> Iterator[RolloutSummary]:
    for folder in _FOLDERS:
        for name, entry in sorted(state.tree.listing(folder).items()):
            file = f"{folder}/{name}"
            if entry.is_blob and name.endswith(".yaml"):
                text = state.snapshot.reader.blob(entry.id).decode(errors="replace")
                try:
                    yield _summary(_runner(fleet, folder, text, file), state, file)
                except InputError:
                    # `goldenpath upgrade status` reports the problems of the record.
                    continue


def _runner(fleet: Fleet, folder: str, text: str, file: str) -> WaveRunner[Any]:
    if folder == "changes":
        return ChangeWaves(fleet, ChangeRecord.parse(text, file).id)
    record = UpgradeRecord.parse(text, file)
    return UpgradeWaves(fleet, record.golden_path, record.version)


def _summary(runner: WaveRunner[Any], state: FleetState, file: str) -> RolloutSummary:
    record = runner.record(state)
    view = runner.rollout.view(state, record)
    done = Counter(
        wave
        for wave, members in record.members.items()
        for name in members
        if view.exists(name) and view.is_done(name)
    )
    return RolloutSummary(
        file,
        runner.rollout.identity(),
        runner.rollout.title,
        record.phase,
        record.why,
        record.started,
        record.started_by,
        tuple(
            {"name": wave.name, "members": len(record.members.get(wave.name, {})), "done": done[wave.name]}
            for wave in record.waves.waves
        ),
    )
