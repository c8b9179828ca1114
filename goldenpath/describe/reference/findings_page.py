"""The page on finding rules."""

from __future__ import annotations

from typing import Final

from goldenpath.describe.markdown import page
from goldenpath.finding_rules import RULE_GROUPS

__all__ = ["findings_page"]

_INTRODUCTION: Final = (
    "Findings that `goldenpath check`, `publish`, `fleet validate`, `cluster inspect` and `adopt` report about an "
    "accepted request or a manifest. Each finding names its rule. `goldenpath publish` refuses a change with an error, and "
    "`goldenpath check` exits with 1; a warning or a note has no such effect. The rules of policies are on [their own "
    "page](policies.md)."
)


def findings_page() -> str:
    blocks = [_INTRODUCTION]
    for title, rules in RULE_GROUPS.items():
        blocks.append(f"## {title}")
        for rule in rules:
            blocks += [f"### {rule.id}", f"{rule.title} **Fix:** {rule.fix}"]
    return page("Findings", *blocks)
