"""``goldenpath fleet cost``: hours that were promised and used, at list prices, out of a repository, a file and a Prometheus."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from typing import TYPE_CHECKING

import pytest
from cli_samples import FLEET, VISION, write_tree
from fleet_commands import ADA, SPEECH
from replayed import PROMETHEUS, PROMTOOL, WHY_SKIPPED, replayed

from goldenpath.costs import FOCUS_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

PRICES = "prices: {currency: EUR, accelerators: {nvidia-h100-80gb: 2.5}}\n"
GPUS = "gpus: [{profile: nvidia-h100-80gb, quota: 2, borrow: 4}]\n"
DAYS = ("--from", "2026-11-01", "--to", "2026-11-02")


@pytest.fixture
def cost(here: Path, request: pytest.FixtureRequest) -> Callable[..., Result]:
    """``fleet cost`` of one day, of a fleet with prices and two teams."""
    write_tree(here, {"goldenpath.yaml": FLEET + PRICES, "vision.yaml": VISION + GPUS, "speech.yaml": SPEECH})
    repository, run = request.getfixturevalue("repository"), request.getfixturevalue("run")
    done = run("publish", "vision.yaml", "speech.yaml", "--repo", str(repository), "--author", ADA)
    assert done.exit_code == 0, done.output
    return lambda *more: run("fleet", "cost", "--repo", str(repository), *DAYS, *more)


def test_a_promise_is_quota_times_hours_times_price(cost: Callable[..., Result]) -> None:
    report = json.loads(cost("--format", "json").stdout)
    (row,) = report["rows"]
    assert (row["tenant"], row["workload"], row["cost_center"]) == ("vision", None, "cc-1")
    assert (row["promised_hours"], row["promised_cost"]) == ("48", "120")
    assert (row["used_hours"], row["used_cost"]) == (None, None)
    assert report["cost_centers"]["cc-1"]["promised_cost"] == report["total"]["promised_cost"] == "120"
    assert any("No use was read" in note for note in report["notes"])


def test_borrowed_hours_are_used_above_the_promise(here: Path, cost: Callable[..., Result]) -> None:
    (here / "used.csv").write_text(
        "cluster,tenant,workload,accelerator,hours\nberlin,vision,,nvidia-h100-80gb,60\n"
    )
    shown = cost("--usage", "used.csv").stdout
    assert "Northwind Robotics, 2026-11-01 to 2026-11-02, 24.0 hours; costs in EUR" in shown
    (row,) = [line.split() for line in shown.splitlines() if "(rest)" in line]
    assert row == ["vision", "(rest)", "berlin", "nvidia-h100-80gb", "48.0", "60.0", "120.00", "150.00"]


def test_csv_has_the_columns_of_focus_and_bills_nothing(here: Path, cost: Callable[..., Result]) -> None:
    (here / "used.csv").write_text(
        "cluster,tenant,workload,accelerator,hours\nberlin,vision,,nvidia-h100-80gb,60\n"
    )
    written = cost("--usage", "used.csv", "--format", "csv", "--basis", "used").stdout
    reader = csv.DictReader(io.StringIO(written))
    (charge,) = list(reader)
    assert tuple(reader.fieldnames or ()) == FOCUS_COLUMNS
    assert (charge["BilledCost"], charge["ListCost"], charge["ConsumedQuantity"]) == ("0", "150", "60")
    assert (charge["SubAccountId"], charge["SkuId"], charge["BillingCurrency"]) == (
        "vision",
        "nvidia-h100-80gb",
        "EUR",
    )
    assert json.loads(charge["Tags"])["cost_center"] == "cc-1"
    assert (charge["ChargePeriodStart"], charge["ChargePeriodEnd"]) == (
        "2026-11-01T00:00:00Z",
        "2026-11-02T00:00:00Z",
    )


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("cluster,tenant\n", "has no columns workload, accelerator, hours"),
        ("cluster,tenant,workload,accelerator,hours\nberlin,vision,,nvidia-h100-80gb,many\n", "row 2.hours"),
        ("cluster,tenant,workload,accelerator,hours\nberlin,,,nvidia-h100-80gb,-1\n", "row 2.tenant"),
        (
            "cluster,tenant,workload,accelerator,hours\nberlni,vision,,nvidia-h100-80gb,1\n",
            "Did you mean 'berlin'?",
        ),
    ],
)
def test_usage_that_cannot_be_read_is_refused(
    here: Path, cost: Callable[..., Result], written: str, says: str
) -> None:
    (here / "used.csv").write_text(written)
    refused = cost("--usage", "used.csv")
    assert refused.exit_code == 2
    assert says in refused.output


def test_a_price_of_an_accelerator_that_no_cluster_has_is_refused(
    here: Path, request: pytest.FixtureRequest
) -> None:
    wrong = PRICES.replace("nvidia-h100-80gb", "nvidia-h100-80g")
    write_tree(here, {"goldenpath.yaml": FLEET + wrong})
    repository, run = request.getfixturevalue("repository"), request.getfixturevalue("run")
    refused = run("fleet", "cost", "--repo", str(repository), *DAYS)
    assert refused.exit_code == 2
    assert "prices.accelerators.nvidia-h100-80g" in refused.output
    assert "Did you mean 'nvidia-h100-80gb'?" in refused.output


@pytest.mark.skipif(None in {PROMETHEUS, PROMTOOL}, reason=WHY_SKIPPED)
def test_use_is_read_from_a_real_prometheus(tmp_path: Path, cost: Callable[..., Result]) -> None:
    start = dt.datetime(2026, 11, 1, tzinfo=dt.UTC).timestamp()
    of = 'namespace="vision",resource="nvidia.com/gpu"'
    half_a_day = [(start + 300 * step, 6 if step < 144 else 0) for step in range(-12, 300)]
    series = {
        f'goldenpath:queue_usage:max{{{of},flavor="nvidia-h100-80gb"}}': half_a_day,
        'goldenpath:queue_usage:max{namespace="vision",flavor="general",resource="cpu"}': half_a_day,
    }
    folder = tmp_path / "prometheus"
    folder.mkdir()
    with replayed(folder, series) as address:
        report = json.loads(cost("--prometheus", f"berlin={address}", "--format", "json").stdout)
    (row,) = report["rows"]
    assert (row["used_hours"], row["used_cost"]) == ("72", "180"), "six accelerators for twelve hours"


def test_a_prometheus_that_does_not_answer_is_named(cost: Callable[..., Result]) -> None:
    refused = cost("--prometheus", "berlin=http://127.0.0.1:9")
    assert refused.exit_code == 2
    assert "the Prometheus of berlin does not answer at http://127.0.0.1:9" in refused.output
