"""The catalogue of exporters: names by version, traps, and invalid data."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path

import pytest

from goldenpath.errors import DataError
from goldenpath.telemetry import WorkloadLabels, exporter_catalogue, load_exporters

CATALOGUE = exporter_catalogue()
SHIPPED = Path(str(files("goldenpath.telemetry"))) / "exporters"


def test_every_exporter_of_a_rule_is_in_the_catalogue() -> None:
    assert {exporter.name for exporter in CATALOGUE} >= {
        "amd-device-metrics-exporter",
        "dcgm-exporter",
        "envoy-ai-gateway",
        "flux-operator",
        "intel-xpu-manager",
        "keda",
        "kube-state-metrics",
        "kueue",
    }


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("2.13", "keda_scaler_errors"),
        ("2.14", "keda_scaler_detail_errors_total"),
        ("2.20.2", "keda_scaler_detail_errors_total"),
        (None, "keda_scaler_detail_errors_total"),
    ],
)
def test_a_reading_has_the_name_of_the_version(version: str | None, name: str) -> None:
    assert CATALOGUE.get("keda").name_for("scaler-errors", version) == name


@pytest.mark.parametrize("exporter", tuple(CATALOGUE), ids=lambda exporter: exporter.name)
def test_a_source_is_a_project_with_a_day_that_has_been(exporter) -> None:
    for source in exporter.sources.values():
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", source.project)
        assert date(2019, 1, 1) < source.date <= datetime.now(UTC).date()


@pytest.mark.parametrize(
    "exporter",
    [each for each in CATALOGUE if each.workload_labels is WorkloadLabels.COLLIDING],
    ids=lambda exporter: exporter.name,
)
def test_colliding_labels_are_a_trap_that_the_file_names(exporter) -> None:
    assert "exported-labels" in {trap.id for trap in exporter.traps}
    assert any("namespace" in metric.labels for metric in exporter.metrics)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("metric: keda_scaler_detail_errors_total", "metric: keda_scaler_mistakes", "which is not listed"),
        ("source: [collector]}", "source: [nowhere]}", "'nowhere' is not listed"),
        ("name: keda\n", "name: kede\n", "does not match the file's name"),
        ('until: "2.14", ', "", "`until` and `replaced_by`"),
        ("kind: gauge", "kind: gage", "metrics.0.kind"),
    ],
)
def test_broken_data_is_refused_with_its_place(tmp_path: Path, old: str, new: str, reason: str) -> None:
    shutil.copy(SHIPPED / "keda.yaml", tmp_path)
    text = (tmp_path / "keda.yaml").read_text()
    assert old in text
    (tmp_path / "keda.yaml").write_text(text.replace(old, new, 1))
    with pytest.raises(DataError, match=r"keda\.yaml") as caught:
        load_exporters(tmp_path)
    assert reason in str(caught.value)
