"""The golden path for a team's own chart: refusals, fixed settings, and the output of helm."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from small_requests import fleet, request

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.intake import builtin_library
from goldenpath.pipeline import Parent, Pipeline, Tenants, parse
from goldenpath.spec.parse import parse_fleet

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = "sha256:" + "a" * 64
INPUTS: dict[str, Any] = {
    "chart": "oci://registry.example.org/vision/labels",
    "version": DIGEST,
    "verify": "cosign-key",
    "verify_secret": "chart-keys",
}
FLEET = parse_fleet(
    fleet(clusters={"berlin": {"region": "eu", "kubernetes": "1.36", "addons": {"flux": "2.9"}}})
)
TENANT = parse(request(), fleet=FLEET)
TENANTS = Tenants(lambda _: Parent(TENANT), lambda: ["vision"])


def spec_of(**inputs: Any) -> Any:
    given = {name: value for name, value in (INPUTS | inputs).items() if value is not None}
    document = {"golden_path": "helm-release/v1", "name": "labels", "tenant": "vision", "inputs": given}
    return parse(document, fleet=FLEET, library=builtin_library(), tenants=TENANTS)


def objects(**inputs: Any) -> dict[str, Any]:
    rendered = Pipeline(FLEET).render(spec_of(**inputs), parent=Parent(TENANT))
    return {each.kind: each.body for each in rendered.objects()}


@pytest.mark.parametrize(
    ("inputs", "path"),
    [
        ({"verify": None}, "inputs.verify"),
        ({"verify": "none"}, "inputs.verify"),
        ({"verify_secret": None}, "inputs.verify_secret"),
        ({"verify": "cosign-keyless"}, "inputs.verify_issuer"),
        ({"version": None}, "inputs.version"),
        ({"version": "latest"}, "inputs.version"),
        ({"version": "sha256:abc"}, "inputs.version"),
        ({"chart": "https://registry.example.org/charts"}, "inputs.chart"),
        ({"chart": "oci://registry.example.org/vision/labels:1.0.0"}, "inputs.chart"),
        ({"chart": "oci://user:word@registry.example.org/labels"}, "inputs.chart"),
        ({"values": ["a"]}, "inputs.values"),
        ({"values": {"text": "[[ name ]]"}}, "inputs.values.text"),
        ({"service_account": "admin"}, "inputs.service_account"),
        ({"verify_secret": "a: {b: c}"}, "inputs.verify_secret"),
    ],
)
def test_unverified_or_invalid_charts_are_refused(inputs: dict[str, Any], path: str) -> None:
    with pytest.raises(InputError) as refused:
        spec_of(**inputs)
    assert path in {problem.path for problem in refused.value.problems}


def test_values_of_a_request_do_not_change_the_safe_settings() -> None:
    release = objects(values={"serviceAccountName": "admin", "crds": "Create"})["HelmRelease"]["spec"]
    assert release["serviceAccountName"] == "vision-reconciler"
    assert (release["targetNamespace"], release["storageNamespace"]) == ("vision", "vision")
    assert release["install"] | {"remediation": None} == {
        "createNamespace": False, "crds": "Skip", "disableTakeOwnership": True, "remediation": None,
    }  # fmt: skip
    assert (release["upgrade"]["crds"], release["upgrade"]["disableTakeOwnership"]) == ("Skip", True)
    assert release["driftDetection"] == {"mode": "warn"}
    assert "kubeConfig" not in release
    assert "namespace" not in release["chartRef"]


def test_a_version_is_a_digest_or_a_range() -> None:
    assert objects()["OCIRepository"]["spec"]["ref"] == {"digest": DIGEST}
    assert objects(version="~1.2")["OCIRepository"]["spec"]["ref"] == {"semver": "~1.2"}


@pytest.mark.parametrize(
    ("inputs", "verify"),
    [
        ({}, {"provider": "cosign", "secretRef": {"name": "chart-keys"}}),
        ({"verify": "notation"}, {"provider": "notation", "secretRef": {"name": "chart-keys"}}),
        (
            {
                "verify": "cosign-keyless",
                "verify_secret": None,
                "verify_issuer": "^a: b$",
                "verify_subject": "#c",
            },
            {"provider": "cosign", "matchOIDCIdentity": [{"issuer": "^a: b$", "subject": "#c"}]},
        ),
    ],
)
def test_every_way_of_verifying(inputs: dict[str, Any], verify: dict[str, Any]) -> None:
    assert objects(**inputs)["OCIRepository"]["spec"]["verify"] == verify


def test_values_arrive_as_they_are_and_are_no_templates() -> None:
    values = {
        "note": "no",
        "text": "a: b\n---\nkind: Secret",
        "deep": {"list": [1, "1", None]},
    }
    assert objects(values=values)["HelmRelease"]["spec"]["values"] == values


def test_nothing_that_is_rendered_has_an_error() -> None:
    findings = Pipeline(FLEET).check(spec_of(values={"a": 1}), parent=Parent(TENANT))
    assert findings == ()


TEMPLATE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: labels}}
  template:
    metadata: {labels: {app: labels}}
    spec:
      nodeName: gpu-1
      containers:
      - {name: main, image: "registry.example.org/labels@sha256:%s"}
""" % ("b" * 64)


@pytest.mark.skipif(shutil.which("helm") is None, reason="helm is not installed")
def test_the_output_of_helm_is_checked_offline(tmp_path: Path) -> None:
    """As the task page says: `helm template … | goldenpath check …`."""
    from click.testing import CliRunner

    from goldenpath.cli.root_command import cli

    chart = tmp_path / "labels"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: labels\nversion: 1.0.0\n")
    (chart / "templates" / "server.yaml").write_text(TEMPLATE)
    values = tmp_path / "values.yaml"
    values.write_text(kubeyaml.dump({"replicas": 2}))
    command = ["helm", "template", "labels", str(chart), "--namespace", "vision", "--values", str(values)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    folder = tmp_path / "cluster"
    folder.mkdir()
    for file in Pipeline(FLEET).render(TENANT).files:
        if file.path.endswith("namespace.yaml"):
            (folder / "namespace.yaml").write_text(file.text)
    (folder / "chart.yaml").write_text(done.stdout)
    checked = CliRunner().invoke(cli, ["check", str(folder)])
    assert checked.exit_code == 1
    assert "[node-choice]" in checked.output
