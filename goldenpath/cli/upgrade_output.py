"""Prints plans of upgrades as text, JSON or Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from goldenpath.cli.echo import echo_json, echo_lines
from goldenpath.upgrades.upgrade_plan_text import plan_lines, plan_markdown

if TYPE_CHECKING:
    from goldenpath.upgrades import UpgradePlan

__all__ = ["show_upgrade_plan"]


def show_upgrade_plan(plan: UpgradePlan, output_format: str) -> None:
    """Print the plan of an upgrade on stdout."""
    if output_format == "json":
        echo_json(plan.as_dict())
    elif output_format == "markdown":
        click.echo(plan_markdown(plan), nl=False)
    else:
        echo_lines(plan_lines(plan))
