"""What several areas of the tests share."""

from __future__ import annotations

import os
import signal
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
        # An adoption reports what the parser says of the derived request, with the parser's own rules.
        assert self.rule in known or self.object.startswith("Request "), (
            f"{self.rule}: not in finding_rules.py"
        )

    Finding.__init__ = init  # type: ignore[method-assign]


_refuse_unregistered_rules()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write the expected files of the examples anew"
    )
