"""Runs the real Kyverno CLI on Pods, with the rendered policy of a platform."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml
from goldenpath.provenance.image_policy import image_policy
from goldenpath.provenance.refusals import REFUSALS
from goldenpath.spec.parse import parse_fleet

sys.path.append(str(Path(__file__).parents[1] / "cluster"))
from components import components

if TYPE_CHECKING:
    from collections.abc import Iterable

_KYVERNO = components()["kyverno-cli"]
_TENANTS = ("vision", "speech")


def missing_kyverno() -> str:
    """Why the Kyverno CLI is not available; empty if it is."""
    command = "python tests/cluster/build_assets.py kyverno-cli"
    return f"needs the Kyverno CLI: {command}" if _KYVERNO.missing() else ""


def verdicts(
    pods: Iterable[dict[str, Any]], fleet: dict[str, Any], folder: Path
) -> dict[str, tuple[str, str]]:
    """The result and the message of Kyverno for each Pod, by its name."""
    builder = parse_fleet(fleet).provenance
    assert builder is not None
    (folder / "pods").mkdir(parents=True)
    for pod in pods:
        (folder / "pods" / f"{pod['metadata']['name']}.yaml").write_text(kubeyaml.dump(pod))
    (folder / "policy.yaml").write_text(kubeyaml.dump(image_policy(builder)))
    values = {
        "apiVersion": "cli.kyverno.io/v1alpha1",
        "kind": "Values",
        "metadata": {"name": "values"},
        "namespaceSelector": [{"name": name, "labels": {"goldenpath.dev/tenant": name}} for name in _TENANTS],
    }
    (folder / "values.yaml").write_text(kubeyaml.dump(values))
    words = ["apply", "policy.yaml", "--resource", "pods", "--values-file", "values.yaml", "--registry"]
    # A proxy that refuses at once stands for a network without the Internet.
    settings = {
        **os.environ,
        "HOME": str(folder),
        "HTTPS_PROXY": "http://127.0.0.1:1",
        "NO_PROXY": "127.0.0.1",
    }
    ran = subprocess.run(
        [str(_KYVERNO.program()), *words, "--policy-report"],
        cwd=folder,
        env=settings,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    report = kubeyaml.load(ran.stdout, name=f"Kyverno's report; it also said {ran.stderr!r}")
    return {each["resources"][0]["name"]: (each["result"], each["message"]) for each in report["results"]}


def words_of(rule: str) -> str:
    """The message of a refusal in `goldenpath check`."""
    return f"{REFUSALS[rule].message} Fix: {REFUSALS[rule].fix}"
