"""The order of applying, when to try again, how much at once, and which context is which cluster."""

from __future__ import annotations

import json
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_requests import REQUESTS

from goldenpath.cluster.api_errors import field_conflicts, is_temporary, refusal
from goldenpath.cluster.apply_order import in_stages
from goldenpath.cluster.rate_limit import ConcurrencyGate, RetryLimits
from goldenpath.errors import ClusterUnavailableError, InputError
from goldenpath.live import contexts_for
from goldenpath.manifests import ManifestObject
from goldenpath.pipeline import Pipeline, load, load_fleet


def position(ordered, kind, name=""):
    return next(n for n, item in enumerate(ordered) if item.kind == kind and name in item.name)


def test_what_others_stand_on_comes_first_and_what_works_by_itself_comes_last():
    fleet = load_fleet(REQUESTS / "goldenpath.yaml")
    tenant = load(REQUESTS / "vision.yaml", fleet=fleet)
    objects = Pipeline(fleet).render(tenant).objects()

    ordered = [item for stage in in_stages(objects) for item in stage]

    assert sorted(map(str, ordered)) == sorted(map(str, objects))
    assert ordered[0].kind == "Namespace"
    before = ("ResourceQuota", "LimitRange", "NetworkPolicy")
    after = ("ServiceAccount", "Role", "LocalQueue", "Kustomization")
    assert max(position(ordered, kind) for kind in before) < min(position(ordered, kind) for kind in after)
    assert position(ordered, "Role") < position(ordered, "RoleBinding")
    assert position(ordered, "ClusterQueue") < position(ordered, "LocalQueue")
    assert ".toolkit.fluxcd.io/" in ordered[-1].api_version


@given(st.integers(0, 12), st.floats(0, 1), st.none() | st.floats(0, 100))
def test_a_wait_is_never_shorter_than_asked_for_nor_longer_than_it_may_be(attempt, spread, asked):
    patience = RetryLimits()

    wait = patience.delay(attempt, spread, asked)

    assert (asked or 0) <= wait <= (asked or 0) + patience.longest


def test_refusals_of_one_round_halve_the_gate_once_and_successes_open_it_again():
    gate = ConcurrencyGate(8)
    with gate.place() as first, gate.place() as second:
        gate.shrink(first)
        gate.shrink(second)
    assert gate.limit == 4
    for _ in range(20):
        with gate.place() as number:
            gate.shrink(number)
    assert gate.limit == 1
    for _ in range(100):
        gate.grow()
    assert gate.limit == 8


def test_the_gate_limits_concurrent_requests():
    gate, inside, most, lock = ConcurrencyGate(3), [], [], threading.Lock()

    def visit():
        with gate.place():
            with lock:
                inside.append(1)
                most.append(len(inside))
            with lock:
                inside.pop()

    threads = [threading.Thread(target=visit) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(most) == 50
    assert max(most) <= 3


def status(code, message, **details):
    return json.dumps(
        {"kind": "Status", "code": code, "reason": "R", "message": message, "details": details}
    ).encode()


@pytest.mark.parametrize(
    ("code", "content", "passes"),
    [
        (429, b"", True),
        (503, b"<html>no upstream</html>", True),
        (500, status(500, "etcdserver: leader changed"), True),
        (500, status(500, "failed to create typed patch object (a/b): .spec.x: field not declared"), False),
        (409, status(409, "the object has been modified"), True),
        (
            409,
            status(409, "conflict", causes=[{"reason": "FieldManagerConflict", "field": ".spec.a", "message": 'conflict with "hpa" using v1'}]),
            False,
        ),
        (403, status(403, "no"), False),
        (404, b"404 page not found", False),
        (422, status(422, "no"), False),
    ],
)  # fmt: skip
def test_temporary_refusals_are_recognised(code, content, passes):
    assert is_temporary(refusal(code, content, about="A a")) is passes


def test_a_conflict_names_field_and_manager():
    causes = [
        {
            "reason": "FieldManagerConflict",
            "field": ".spec.a",
            "message": 'conflict with "hpa" using apps/v1 at …',
        }
    ]
    error = refusal(409, status(409, "conflict", causes=causes), about="A a")

    assert field_conflicts(error) == (("spec.a", "hpa"),)


def test_a_refusal_names_the_object_and_is_short():
    error = refusal(422, status(422, "x" * 9000), about="ConfigMap a/b")

    assert str(error).startswith("ConfigMap a/b: xxx")
    assert len(str(error)) < 500
    assert not isinstance(error, ClusterUnavailableError)


def test_a_page_of_a_proxy_is_not_repeated():
    assert str(refusal(502, b"<html>token=abc</html>", about="ConfigMap a/b")) == "ConfigMap a/b: HTTP 502"


def test_a_cluster_is_the_context_of_its_name():
    assert contexts_for(["a", "b"], ["b", "a", "c"], context=None) == {"a": "a", "b": "b"}


def test_a_context_that_is_named_is_the_one_cluster():
    assert contexts_for(["a"], ["x"], context="x") == {"a": "x"}


def test_one_context_is_not_several_clusters():
    with pytest.raises(InputError, match="name one cluster with --cluster"):
        contexts_for(["a", "b"], ["x"], context="x")


def test_every_cluster_without_a_context_is_reported():
    with pytest.raises(InputError) as raised:
        contexts_for(["a", "eu-centrall"], ["eu-central"], context=None)

    assert [problem.nearest for problem in raised.value.problems] == [None, "eu-central"]


def test_a_kind_that_no_stage_names_comes_before_fluxs_own():
    objects = [
        ManifestObject("", {"apiVersion": api, "kind": kind, "metadata": {"name": "a"}})
        for api, kind in (("source.toolkit.fluxcd.io/v1", "GitRepository"), ("a.example.org/v1", "Widget"), ("v1", "Namespace"))
    ]  # fmt: skip

    assert [item.kind for stage in in_stages(objects) for item in stage] == [
        "Namespace",
        "Widget",
        "GitRepository",
    ]
