"""Verdicts that are cached between tenants equal fresh verdicts."""

import copy
from typing import Any

from asked import FLEET, requests
from hypothesis import given, settings
from hypothesis import strategies as st

from goldenpath.check import check_objects, cross_object_checks, role_rights
from goldenpath.findings import Finding
from goldenpath.kubeyaml import _rendered
from goldenpath.manifests import ManifestObject, Manifests
from goldenpath.pipeline import Pipeline, parse
from goldenpath.spec.parse import parse_fleet

PIPELINE = Pipeline(parse_fleet(FLEET))
REMEMBERED = (
    _rendered._parsed,
    _rendered._place_of,
    _rendered._meaning,
    role_rights._cached_reasons,
    cross_object_checks._never_enforced,
    cross_object_checks._needs_default,
    cross_object_checks._parse_quantity,
)
WORDS = st.sampled_from(
    ["", "*", "get", "list", "create", "bind", "pods", "resourcequotas", "serviceaccounts/token", "cilium.io"]
)
ODD = st.sampled_from([None, True, 1, 1.0, 0.0, -0.0, {"a": 1}, ["get"], 2**70])
LISTS = st.one_of(st.lists(st.one_of(WORDS, ODD), max_size=3), ODD)
RULES = st.lists(
    st.fixed_dictionaries(
        {}, optional={"apiGroups": LISTS, "resources": LISTS, "verbs": LISTS, "resourceNames": LISTS}
    ),
    max_size=3,
)
KEYS = st.one_of(
    st.sampled_from(["cpu", "requests.cpu", "limits.memory", "requests.nvidia.com/gpu", "limits.a.b/c"]),
    st.text("requests.limitscount/devicesk8s", max_size=30),
)
QUANTITIES = st.one_of(st.sampled_from(["1", "500m", "1Gi", "x", "1e3", ""]), st.integers(), st.none())


def role(rules: Any) -> ManifestObject:
    labels = {"goldenpath.dev/tenant": "t"}
    metadata = {"name": "r", "namespace": "t", "labels": labels}
    return ManifestObject("r.yaml", {"kind": "Role", "metadata": metadata, "rules": rules})


def quota(hard: dict[str, Any]) -> ManifestObject:
    metadata = {"name": "q", "namespace": "t"}
    return ManifestObject("q.yaml", {"kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": hard}})


@settings(deadline=None)
@given(RULES, RULES)
def test_a_cached_verdict_depends_only_on_the_rules(first, second):
    for rules in (first, second, copy.deepcopy(first)):
        found = [(f.field, f.message, f.fix) for f in role_rights.check_rights([role(rules)])]
        assert found == list(role_rights._new_reasons(tuple(rules)))


def test_equal_numbers_of_other_types_do_not_hide_each_other():
    """``[1]``, ``[True]`` and ``["1"]`` are equal, or look equal, to many caches; none is a verb."""
    for odd in (1, True, 1.0):
        rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": [odd]}]
        assert not list(role_rights.check_rights([role(rules)]))
    assert list(
        role_rights.check_rights([role([{"apiGroups": [""], "resources": ["pods"], "verbs": ["*"]}])])
    )


@settings(deadline=None)
@given(st.dictionaries(KEYS, QUANTITIES, max_size=4))
def test_quotas_get_the_same_verdict_from_the_cache(hard):
    for remembered in REMEMBERED:
        remembered.cache_clear()
    first = list(cross_object_checks.check_coherence([quota(hard)]))
    assert list(cross_object_checks.check_coherence([quota(copy.deepcopy(hard))])) == first


@settings(deadline=None, max_examples=50)
@given(requests(), requests())
def test_a_tenants_verdict_does_not_depend_on_earlier_tenants(first, second):
    def judged() -> list[tuple[Manifests, tuple[Finding, ...]]]:
        return [PIPELINE.run(parse(each, fleet=PIPELINE.fleet)) for each in (first, second)]

    for remembered in REMEMBERED:
        remembered.cache_clear()
    anew = judged()
    assert judged() == anew
    for remembered in REMEMBERED:
        remembered.cache_clear()
    later = PIPELINE.run(parse(second, fleet=PIPELINE.fleet))
    assert later == anew[1]


@settings(deadline=None)
@given(RULES, st.dictionaries(KEYS, QUANTITIES, max_size=4))
def test_checking_changes_no_object(rules, hard):
    """Tenants share values, so a check that changed a value would change another tenant."""
    objects = [role(rules), quota(hard)]
    before = copy.deepcopy(objects)
    list(check_objects(objects))
    assert objects == before
