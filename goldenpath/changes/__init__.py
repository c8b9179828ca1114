"""Change many requests at once: plan the change, publish it as one change set, and undo it.

The package contains the wanted change (:class:`BulkEdit`), the requests that it reaches (:class:`Reach`), its plan, the
change sets of a repository, change sets in waves, and their undo. :mod:`goldenpath.queries` selects the requests, and
:mod:`goldenpath.fleet` publishes single requests.
"""

from goldenpath.changes.bulk_edit import BulkEdit
from goldenpath.changes.change_publishing import make_change, plan_change
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
