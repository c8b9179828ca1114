"""Fixtures that several areas of the tests share."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings

from goldenpath.finding_rules import RULES
from goldenpath.findings import Finding
from goldenpath.policies import policies

if TYPE_CHECKING:
    from typing import Any

    import pytest

# No test may fail for the speed of the machine that it happens to run on. In CI the examples are the same at every
# run, so that what is red is red because of the change; everywhere else each run looks at new ones.
settings.register_profile("anywhere", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("anywhere"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "anywhere")

# A shell starts its background jobs deaf to Ctrl-C, and so would be every program that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _refuse_unregistered_rules() -> None:
    """Make every test fail that sees a finding whose rule the registry, and so the reference page, does not have."""
    made = Finding.__init__
    known = {*RULES, *(policy.id for policy in policies())}

    def init(self: Finding, *args: Any, **values: Any) -> None:
        made(self, *args, **values)
        caller = sys._getframe(1).f_globals["__name__"]
        # A test may invent a rule; an adoption reports the parser's problems with the derived request.
        if caller.startswith("goldenpath.") and caller != "goldenpath.adoption.derive":
            assert self.rule in known, f"{self.rule}: add it to goldenpath/finding_rules.py"

    Finding.__init__ = init  # type: ignore[method-assign]


_refuse_unregistered_rules()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write the expected files of the examples anew"
    )
    parser.addoption("--slow", action="store_true", help="run the long form of tests that have one")
