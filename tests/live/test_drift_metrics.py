"""Drift in Prometheus' text format: Prometheus' own tool reads it, and the platform's rules have its names."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from sample_services import FLEET

from goldenpath import kubeyaml
from goldenpath.cli.root_command import cli
from goldenpath.cluster import Change, ObjectAction, ObjectRef
from goldenpath.fleet import Fleet
from goldenpath.git import Person
from goldenpath.live import FleetDrift, drift_metrics
from goldenpath.live.fleet_drift import DriftedObject
from goldenpath.spec.ref import Ref
from goldenpath.telemetry import exporter_catalogue

if TYPE_CHECKING:
    from pathlib import Path

VISION, CHAT, BERLIN = Ref.of_tenant("vision"), Ref.of_workload("vision", "chat"), Ref.of_platform("berlin")
DRIFT = FleetDrift(
    "0" * 40,
    tuple(
        DriftedObject(
            "berlin", owner, Change(ObjectRef("v1", "ConfigMap", "vision", name), ObjectAction.CHANGE)
        )
        for owner, name in ((VISION, "a"), (VISION, "b"), (CHAT, "c"))
    ),
    (("berlin", BERLIN), ("berlin", VISION), ("berlin", CHAT), ("oslo", VISION)),
)
LINES = list(drift_metrics(DRIFT, 1_800_000_000.4))


def test_each_part_that_was_looked_at_has_its_number() -> None:
    assert [line for line in LINES if not line.startswith("#")] == [
        'goldenpath_drift_objects{cluster="berlin",kind="platform"} 0',
        'goldenpath_drift_objects{cluster="berlin",kind="tenant",tenant="vision"} 2',
        'goldenpath_drift_objects{cluster="berlin",kind="workload",tenant="vision",workload="chat"} 1',
        'goldenpath_drift_objects{cluster="oslo",kind="tenant",tenant="vision"} 0',
        'goldenpath_drift_last_look_timestamp_seconds{cluster="berlin"} 1800000000',
        'goldenpath_drift_last_look_timestamp_seconds{cluster="oslo"} 1800000000',
    ]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool: apt-get install prometheus")
def test_promtool_accepts_the_metrics() -> None:
    done = subprocess.run(
        ["promtool", "check", "metrics"],
        input="\n".join([*LINES, ""]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_catalogue_of_exporters_has_its_names_and_labels() -> None:
    exporter = exporter_catalogue().get("goldenpath-status")
    found: dict[str, set[str]] = {}
    for line in LINES:
        if not line.startswith("#"):
            name, _, labels = line.partition("{")
            found.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    assert found == {metric.name: set(metric.labels) for metric in exporter.metrics}


@pytest.mark.parametrize("words", [(), ("--drift", "--watch")])
def test_the_metrics_format_needs_drift(tmp_path: Path, words: tuple[str, ...]) -> None:
    with Fleet.create(tmp_path, kubeyaml.dump(FLEET), bare=True, committer=Person("A", "a@example.org")):
        pass
    given = ["status", "--format", "metrics", "--repo", str(tmp_path), *words]
    done = CliRunner().invoke(cli, given, prog_name="goldenpath")
    assert done.exit_code == 2
    assert "--format metrics needs --drift, and excludes --watch." in done.stderr
