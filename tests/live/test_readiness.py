"""Readiness of an object from its status alone."""

from __future__ import annotations

import pytest

from goldenpath.cluster.readiness import ReadinessState, readiness_of


def body(kind, status=None, spec=None, **metadata):
    return {
        "kind": kind,
        "metadata": {"generation": 2, **metadata},
        "spec": spec or {},
        "status": status or {},
    }


def conditions(**found):
    return {
        "conditions": [
            {"type": kind, "status": status, "reason": "Why", "message": "because"}
            for kind, status in found.items()
        ]
    }


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (None, ReadinessState.MISSING),
        (body("ConfigMap"), ReadinessState.READY),
        (body("ConfigMap", deletionTimestamp="now", finalizers=["a/b"]), ReadinessState.TERMINATING),
        (body("Anything", {"observedGeneration": 1, **conditions(Ready="True")}), ReadinessState.PROGRESSING),
        (body("Anything", {"observedGeneration": 2, **conditions(Ready="True")}), ReadinessState.READY),
        (body("Anything", conditions(Ready="False")), ReadinessState.FAILED),
        (body("Anything", conditions(Ready="Unknown")), ReadinessState.PROGRESSING),
        (body("Anything", conditions(Ready="True", Stalled="True")), ReadinessState.FAILED),
        (body("Anything", conditions(Ready="True", Reconciling="True")), ReadinessState.PROGRESSING),
        (body("Kustomization"), ReadinessState.PROGRESSING),
        (body("Kustomization", conditions(Ready="True")), ReadinessState.READY),
        (body("ClusterQueue", conditions(Active="True")), ReadinessState.READY),
        (body("ClusterQueue", conditions(Active="False")), ReadinessState.FAILED),
        (body("Namespace", {"phase": "Active"}), ReadinessState.READY),
        (body("Namespace"), ReadinessState.PROGRESSING),
        (body("ResourceQuota", {"hard": {"pods": "1"}}, {"hard": {"pods": "1"}}), ReadinessState.READY),
        (body("ResourceQuota", {}, {"hard": {"pods": "1"}}), ReadinessState.PROGRESSING),
        (body("CustomResourceDefinition", conditions(Established="True", NamesAccepted="True")), ReadinessState.READY),
        (body("CustomResourceDefinition", conditions(NamesAccepted="False")), ReadinessState.FAILED),
        (body("CustomResourceDefinition"), ReadinessState.PROGRESSING),
        (body("Deployment", {}, {"replicas": 0}), ReadinessState.PROGRESSING),
        (body("Deployment", {"observedGeneration": 2}, {"replicas": 0}), ReadinessState.READY),
        (
            body("Deployment", {"observedGeneration": 2, "updatedReplicas": 2, "readyReplicas": 1, "replicas": 2}, {"replicas": 2}),
            ReadinessState.PROGRESSING,
        ),
        (
            body("Deployment", {"observedGeneration": 2, "updatedReplicas": 1, "readyReplicas": 1, "replicas": 2}),
            ReadinessState.PROGRESSING,
        ),
        (body("Deployment", {"observedGeneration": 2, **conditions(Progressing="False")}), ReadinessState.FAILED),
        (
            body("StatefulSet", {"observedGeneration": 2, "updatedReplicas": 1, "readyReplicas": 1, "replicas": 1}),
            ReadinessState.READY,
        ),
        (body("DaemonSet", {"desiredNumberScheduled": 0}), ReadinessState.READY),
        (body("DaemonSet", {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2}), ReadinessState.PROGRESSING),
        (body("DaemonSet"), ReadinessState.PROGRESSING),
        (body("Job"), ReadinessState.PROGRESSING),
        (body("Job", {}, {"suspend": True}), ReadinessState.READY),
        (body("Job", {"startTime": "now"}), ReadinessState.READY),
        (body("Job", {"startTime": "now", **conditions(Failed="True")}), ReadinessState.FAILED),
        (body("Pod", {"phase": "Running", **conditions(Ready="True")}), ReadinessState.READY),
        (body("Pod", {"phase": "Running", **conditions(Ready="False")}), ReadinessState.PROGRESSING),
        (body("Pod", {"phase": "Succeeded"}), ReadinessState.READY),
        (body("Pod", {"phase": "Failed"}), ReadinessState.FAILED),
        (body("PersistentVolumeClaim", {"phase": "Bound"}), ReadinessState.READY),
        (body("PersistentVolumeClaim"), ReadinessState.PROGRESSING),
    ],
)  # fmt: skip
def test_the_state_of_an_object(found, state):
    readiness = readiness_of(found)

    assert readiness.state is state
    assert bool(readiness.message) is (state is not ReadinessState.READY)


def test_a_terminating_object_names_its_finalizers():
    found = readiness_of(body("Namespace", deletionTimestamp="now", finalizers=["kubernetes", "a/b"]))

    assert found.message == "waits for kubernetes, a/b"


def test_a_failure_is_reported_in_the_words_of_its_controller():
    assert readiness_of(body("Kustomization", conditions(Ready="False"))).message == "Why: because"
