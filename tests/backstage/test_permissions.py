"""Permissions as a table: every kind of caller and every kind of change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from goldenpath.spec.group_ref import group_ref
from goldenpath_backstage.auth.permissions import RequestedChange, Verb, demand, demand_change
from goldenpath_backstage.auth.principal import LOCAL, CallerKind, Principal, Role
from goldenpath_backstage.backend_errors import ForbiddenError


def _user(role: Role, *groups: str) -> Principal:
    return Principal(CallerKind.USER, "user:default/ada", role, frozenset(map(group_ref, groups)))


CALLERS = {
    "reader": _user(Role.READER, "vision"),
    "stranger": _user(Role.REQUESTER),
    "vision": _user(Role.REQUESTER, "vision"),
    "speech": _user(Role.REQUESTER, "speech"),
    "both": _user(Role.REQUESTER, "vision", "speech"),
    "admin": _user(Role.ADMIN),
    "plugin": Principal(CallerKind.PLUGIN, "plugin:scaffolder", Role.READER),
    "local": LOCAL,
}

_NEW = RequestedChange("vision", None, "vision")
CHANGES = {
    "make": _NEW,
    "change": RequestedChange("vision", "vision", "vision"),
    "hand over": RequestedChange("vision", "vision", "speech"),
    "take over": RequestedChange("vision", "speech", "vision"),
    "retire": RequestedChange("vision", "vision", None),
    "lift a guard rail": replace(_NEW, lifts_guard_rails=True),
    "have the lifting reviewed": replace(_NEW, lifts_guard_rails=True, is_reviewed=True),
    "change by review": RequestedChange("vision", "vision", "vision", is_reviewed=True),
    "take the place of what is up for review": replace(_NEW, owner_in_review="speech", is_reviewed=True),
}

EVERYTHING = set(CHANGES)
OF_VISION = {"make", "change", "retire", "have the lifting reviewed", "change by review"}
ALLOWED = {
    "reader": set(),
    "stranger": set(),
    "vision": OF_VISION,
    "speech": set(),
    "both": EVERYTHING - {"lift a guard rail"},
    "admin": EVERYTHING,
    "plugin": set(),
    "local": EVERYTHING,
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("caller", CALLERS)
def test_the_table_of_changes(caller: str, change: str) -> None:
    try:
        demand_change(CALLERS[caller], CHANGES[change])
    except ForbiddenError:
        allowed = False
    else:
        allowed = True

    assert allowed is (change in ALLOWED[caller])


@pytest.mark.parametrize("caller", CALLERS)
def test_all_callers_read_and_readers_start_no_change(caller: str) -> None:
    demand(CALLERS[caller], Verb.READ)
    if CALLERS[caller].role is Role.READER:
        with pytest.raises(ForbiddenError):
            demand(CALLERS[caller], Verb.CHANGE)
    else:
        demand(CALLERS[caller], Verb.CHANGE)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("vision-team", "group:default/vision-team"),
        ("Vision-Team", "group:default/vision-team"),
        ("group:vision-team", "group:default/vision-team"),
        ("research/vision-team", "group:research/vision-team"),
        ("group:research/vision-team", "group:research/vision-team"),
        ("user:default/vision-team", "user:default/vision-team"),
    ],
)
def test_spellings_of_a_group_mean_the_same_group(written: str, meant: str) -> None:
    assert group_ref(written) == meant


def test_a_user_of_a_groups_name_is_not_the_group() -> None:
    caller = _user(Role.REQUESTER, "user:default/vision")
    with pytest.raises(ForbiddenError):
        demand_change(caller, CHANGES["change"])
