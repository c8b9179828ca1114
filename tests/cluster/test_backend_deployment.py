"""The backend's own manifests on a real API server: accepted, and its Pods may run under the restricted standard."""

from __future__ import annotations

from pathlib import Path

from goldenpath import kubeyaml

FOLDER = Path(__file__).resolve().parents[2] / "backstage-backend" / "deploy"


def test_the_manifests_are_accepted_without_a_warning(custom_resources):
    for name in kubeyaml.load_file(FOLDER / "kustomization.yaml")["resources"]:
        for body in kubeyaml.load_all((FOLDER / name).read_text()):
            answer = custom_resources.apply(body)
            assert (answer.message, answer.warnings) == ("", ()), body["kind"]


def test_a_pod_of_the_deployment_is_admitted(custom_resources):
    for name in ("namespace.yaml", "settings.yaml"):
        for body in kubeyaml.load_all((FOLDER / name).read_text()):
            custom_resources.apply(body)
    template = kubeyaml.load_file(FOLDER / "deployment.yaml")["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", **template}
    pod["metadata"] = {**pod["metadata"], "generateName": "p-", "namespace": "goldenpath"}
    answer = custom_resources.create(pod, dry_run=True)
    assert (answer.message, answer.warnings) == ("", ())
    pod["spec"] = {**pod["spec"], "hostNetwork": True}
    assert "violates PodSecurity" in custom_resources.create(pod, dry_run=True).message
