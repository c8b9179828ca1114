"""The list of all actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.spec.nearest import nearest
from goldenpath_backstage.actions.blame_action import BLAME
from goldenpath_backstage.actions.check_action import CHECK
from goldenpath_backstage.actions.edit_action import EDIT, UNDO
from goldenpath_backstage.actions.migrate_action import MIGRATE
from goldenpath_backstage.actions.publish_action import PLAN, PUBLISH
from goldenpath_backstage.actions.query_action import QUERY
from goldenpath_backstage.actions.render_action import RENDER
from goldenpath_backstage.actions.retire_action import RETIRE
from goldenpath_backstage.actions.status_action import STATUS
from goldenpath_backstage.actions.upgrade_action import UPGRADE
from goldenpath_backstage.actions.upgrade_plan_action import UPGRADE_PLAN
from goldenpath_backstage.actions.waves_action import UPGRADE_START, WAVES, WAVES_CONTROL
from goldenpath_backstage.backend_errors import NotFoundError

if TYPE_CHECKING:
    from goldenpath_backstage.actions.action import Action

__all__ = ["ACTIONS", "action_named"]

ACTIONS: Final[tuple[Action[Any, Any], ...]] = (
    RENDER, CHECK, PLAN, PUBLISH, RETIRE, STATUS, QUERY, BLAME, EDIT, UNDO, UPGRADE,
    UPGRADE_PLAN, UPGRADE_START, WAVES, WAVES_CONTROL, MIGRATE,
)  # fmt: skip

_BY_ID: Final = {action.id: action for action in ACTIONS}


def action_named(name: str) -> Action[Any, Any]:
    """Return the action with an id.

    Raises:
        NotFoundError: no action has this id.
    """
    if name in _BY_ID:
        return _BY_ID[name]
    near = nearest(name, _BY_ID)
    hint = f"; did you mean {near}?" if near else ""
    raise NotFoundError(f"no action is named so; the actions are {', '.join(_BY_ID)}{hint}")
