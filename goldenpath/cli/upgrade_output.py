"""Plans of upgrades, shown: as text for people, as JSON, or as Markdown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from goldenpath.upgrades.upgrade_plan_text import plan_lines, plan_markdown

if TYPE_CHECKING:
    from goldenpath.upgrades import UpgradePlan

__all__ = ["show_upgrade_plan"]


def show_upgrade_plan(plan: UpgradePlan, output_format: str) -> None:
    """Print a plan on stdout."""
    if output_format == "json":
        click.echo(json.dumps(plan.as_dict(), indent=2, ensure_ascii=False))
    elif output_format == "markdown":
        click.echo(plan_markdown(plan), nl=False)
    else:
        for line in plan_lines(plan):
            click.echo(line)
