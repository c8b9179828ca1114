"""One change of many requests: planned for all, made as one change set, and taken back.

For: what is to be changed (:class:`BulkEdit`), whom that reaches (:class:`Reach`), the plan that is then published, the
change sets that a repository holds, a change set that goes in waves, and undoing one.

Not for: which requests are meant (:mod:`goldenpath.queries`), or what becomes of a single request
(:mod:`goldenpath.fleet`).
"""

from goldenpath.changes.bulk_edit import BulkEdit
from goldenpath.changes.carrying_out import make_change, plan_change
from goldenpath.changes.change_set import ChangeSet, ChangeSets, change_sets, change_sets_of
from goldenpath.changes.change_waves import ChangeWaves, start_in_waves
from goldenpath.changes.edit_planning import PlannedChange
from goldenpath.changes.reach import Reach
from goldenpath.changes.rollouts import RolloutSummary, rollouts_in
from goldenpath.changes.undo_planning import Undo

__all__ = [
    "BulkEdit",
    "ChangeSet",
    "ChangeSets",
    "ChangeWaves",
    "PlannedChange",
    "Reach",
    "RolloutSummary",
    "Undo",
    "change_sets",
    "change_sets_of",
    "make_change",
    "plan_change",
    "rollouts_in",
    "start_in_waves",
]
