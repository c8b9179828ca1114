"""Whether an object is what it was asked to be, from its status alone."""

from __future__ import annotations

import pytest

from goldenpath.cluster.readiness import State, readiness_of


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
        (None, State.MISSING),
        (body("ConfigMap"), State.READY),
        (body("ConfigMap", deletionTimestamp="now", finalizers=["a/b"]), State.TERMINATING),
        (body("Anything", {"observedGeneration": 1, **conditions(Ready="True")}), State.PROGRESSING),
        (body("Anything", {"observedGeneration": 2, **conditions(Ready="True")}), State.READY),
        (body("Anything", conditions(Ready="False")), State.FAILED),
        (body("Anything", conditions(Ready="Unknown")), State.PROGRESSING),
        (body("Anything", conditions(Ready="True", Stalled="True")), State.FAILED),
        (body("Anything", conditions(Ready="True", Reconciling="True")), State.PROGRESSING),
        (body("Kustomization"), State.PROGRESSING),
        (body("Kustomization", conditions(Ready="True")), State.READY),
        (body("ClusterQueue", conditions(Active="True")), State.READY),
        (body("ClusterQueue", conditions(Active="False")), State.FAILED),
        (body("Namespace", {"phase": "Active"}), State.READY),
        (body("Namespace"), State.PROGRESSING),
        (body("ResourceQuota", {"hard": {"pods": "1"}}, {"hard": {"pods": "1"}}), State.READY),
        (body("ResourceQuota", {}, {"hard": {"pods": "1"}}), State.PROGRESSING),
        (body("CustomResourceDefinition", conditions(Established="True", NamesAccepted="True")), State.READY),
        (body("CustomResourceDefinition", conditions(NamesAccepted="False")), State.FAILED),
        (body("CustomResourceDefinition"), State.PROGRESSING),
        (body("Deployment", {}, {"replicas": 0}), State.PROGRESSING),
        (body("Deployment", {"observedGeneration": 2}, {"replicas": 0}), State.READY),
        (
            body("Deployment", {"observedGeneration": 2, "updatedReplicas": 2, "readyReplicas": 1, "replicas": 2}, {"replicas": 2}),
            State.PROGRESSING,
        ),
        (
            body("Deployment", {"observedGeneration": 2, "updatedReplicas": 1, "readyReplicas": 1, "replicas": 2}),
            State.PROGRESSING,
        ),
        (body("Deployment", {"observedGeneration": 2, **conditions(Progressing="False")}), State.FAILED),
        (
            body("StatefulSet", {"observedGeneration": 2, "updatedReplicas": 1, "readyReplicas": 1, "replicas": 1}),
            State.READY,
        ),
        (body("DaemonSet", {"desiredNumberScheduled": 0}), State.READY),
        (body("DaemonSet", {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2}), State.PROGRESSING),
        (body("DaemonSet"), State.PROGRESSING),
        (body("Job"), State.PROGRESSING),
        (body("Job", {}, {"suspend": True}), State.READY),
        (body("Job", {"startTime": "now"}), State.READY),
        (body("Job", {"startTime": "now", **conditions(Failed="True")}), State.FAILED),
        (body("Pod", {"phase": "Running", **conditions(Ready="True")}), State.READY),
        (body("Pod", {"phase": "Running", **conditions(Ready="False")}), State.PROGRESSING),
        (body("Pod", {"phase": "Succeeded"}), State.READY),
        (body("Pod", {"phase": "Failed"}), State.FAILED),
        (body("PersistentVolumeClaim", {"phase": "Bound"}), State.READY),
        (body("PersistentVolumeClaim"), State.PROGRESSING),
    ],
)  # fmt: skip
def test_the_state_of_an_object(found, state):
    readiness = readiness_of(found)

    assert readiness.state is state
    assert bool(readiness.message) is (state is not State.READY)


def test_what_is_being_deleted_says_for_what_it_waits():
    found = readiness_of(body("Namespace", deletionTimestamp="now", finalizers=["kubernetes", "a/b"]))

    assert found.message == "waits for kubernetes, a/b"


def test_a_failure_is_told_in_the_words_of_its_controller():
    assert readiness_of(body("Kustomization", conditions(Ready="False"))).message == "Why: because"
