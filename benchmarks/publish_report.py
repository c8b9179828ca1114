"""Prints the figures of `publish_speed.py` with their targets."""

from __future__ import annotations

import os
from typing import Any

__all__ = ["PUBLISHES", "TARGET_TENANTS", "THREADS", "show"]

TARGET_TENANTS = 10_000
"""The number of tenants that some targets are for."""
PUBLISHES, THREADS = 200, 16


def show(tenants: int, figures: dict[str, Any]) -> None:
    """Print the figures of `measure` as tables, each with its target."""
    load, processors = os.getloadavg()[2], len(os.sched_getaffinity(0))
    print(f"{processors} processors, on which {load:.1f} programs ran or waited on average (15 minutes)")
    one, everything, at_same_time = figures["one"], figures["all"], figures["at once"]
    lines = []
    for name, median in one.items():
        kind, _, where = name.rpartition(", ")
        peer = one.get(f"git add, git commit, {where}")
        beside = f"{median / peer:8.3f} x git" if peer else ""
        if kind == "commit" and where == "sharded":
            ratio = median / one["commit, empty"]
            beside += (
                f"; {_verdict(median <= 15, '15 ms')}; {_verdict(ratio <= 1.5, f'1.5 x empty ({ratio:.2f})')}"
            )
        lines.append((name, f"{median:.2f} ms", beside))
    _print_table(f"One tenant into {tenants:,}, and into none; medians", lines)
    seconds, peer = everything["seconds"], everything["git, seconds"]
    share = everything["processors"] / (everything["each"] * tenants)
    has_targets = tenants == TARGET_TENANTS  # in a smaller fleet, most of the time is the start of processes
    _print_table(
        f"{tenants:,} tenants in one go",
        [
            (
                "rendered, checked and committed",
                f"{seconds:.1f} s",
                f"{seconds / peer:.2f} x git"
                + (f"; {_verdict(seconds <= 30, '30 s')}" if has_targets else ""),
            ),
            (
                "time of processors",
                f"{everything['processors']:.1f} s",
                f"all processes together; {_verdict(share <= 1.3, f'1.3 x {tenants:,} renders and checks ({share:.2f})')}",
            ),
            (
                "memory at most",
                f"{everything['megabytes']:.0f} MB",
                f"all processes together; {_verdict(everything['megabytes'] <= 1024, '1 GB')}",
            ),
            ("git add --all, git commit", f"{peer:.1f} s", "files that exist already"),
        ],
    )
    plan = figures["plan"]
    _print_table(
        f"A plan of {tenants:,} unchanged tenants",
        [("plan --all", f"{plan:.2f} s", _verdict(plan <= 15, "15 s") if has_targets else "")],
    )
    rate, other = at_same_time["a second"], at_same_time["git, a second"]
    _print_table(
        f"{PUBLISHES} publishes from {THREADS} threads to a remote; each lands once",
        [
            ("publish", f"{rate:.1f} /s", f"{rate / other:.1f} x git; {_verdict(rate >= 60, '60 a second')}"),
            (
                "git add, git commit, git push",
                f"{other:.1f} /s",
                "one after the other, files rendered before",
            ),
        ],
    )


def _print_table(title: str, lines: list[tuple[str, str, str]]) -> None:
    print(f"\n{title}")
    for name, figure, beside in lines:
        print(f"  {name:<44} {figure:>12}   {beside}")


def _verdict(met: bool, text: str) -> str:
    return f"{'within' if met else 'NOT WITHIN'} {text}"
