"""Every rendered rule and alert has a unit test, and promtool passes all of them."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from rendered_rules import PROMTOOL, judged, promtool
from sample_services import FLEET, TENANT, run, service
from stories import stories

from goldenpath import kubeyaml
from goldenpath.pipeline import Pipeline, parse
from goldenpath.spec.parse import parse_fleet
from goldenpath.telemetry import Alert
from goldenpath.tenancy import platforms_of
from goldenpath.tenancy.runbook_links import runbook_folder

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.pipeline import Rendered
    from goldenpath.telemetry import RuleGroup

needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="needs promtool: apt-get install prometheus")
STORIES = {story.name: story for story in stories()}


def full_fleet(**addons: str | None) -> dict[str, Any]:
    fleet = copy.deepcopy(FLEET)
    berlin = fleet["clusters"]["berlin"]
    berlin["addons"] = {"flux-operator": "0.58", **berlin["addons"], **addons}
    berlin["addons"] = {name: version for name, version in berlin["addons"].items() if version is not None}
    berlin["accelerators"].append({"profile": "amd-mi300x", "count": 8})
    return fleet


def full_tenant() -> dict[str, Any]:
    return {
        **copy.deepcopy(TENANT),
        "autoscaling": {
            "max_replicas": 4,
            "signal": "latency",
            "time_to_first_token": "500ms",
            "engine": {"name": "vllm"},
            "workload": "chat",
        },
    }


def rendered(**changes: Any) -> Rendered:
    return run(service(**changes), fleet=full_fleet(), tenant=full_tenant())


def groups_of(one: Rendered) -> tuple[RuleGroup, ...]:
    """The rules of a workload, of its tenant and of its platform."""
    (part,) = one.parts
    tenancy = part.resolved.tenancy
    return (*tenancy.platform.rule_groups, tenancy.rules, part.resolved.rules)


@needs_promtool
@pytest.mark.parametrize("engine", ["vllm", "sglang"])
def test_promtool_agrees_with_the_unit_test_of_every_rule(tmp_path: Path, engine: str) -> None:
    image = f"registry.example.org/e@sha256:{'1' * 64}"
    groups = groups_of(rendered() if engine == "vllm" else rendered(engine={"name": engine, "image": image}))
    (tmp_path / "all.yaml").write_text(kubeyaml.dump({"groups": [group.body for group in groups]}))
    assert promtool(tmp_path, "check", "rules", "--lint-fatal", "all.yaml") == ""
    assert judged(tmp_path, [rule for group in groups for rule in group.rules]) == ""


def test_every_rule_has_a_case_and_every_alert_a_silent_one() -> None:
    for group in groups_of(rendered()):
        for rule in group.rules:
            assert rule.cases, f"{rule.name} has no unit test"
            if isinstance(rule, Alert):
                assert {bool(case.firing) for case in rule.cases} == {True, False}, rule.name
            else:
                assert all(case.gives for case in rule.cases), rule.name


@needs_promtool
def test_a_rule_that_is_wrong_fails_its_unit_test(tmp_path: Path) -> None:
    """The unit tests can fail: promtool refuses each changed alert."""
    recording, _, tenant, workload = groups_of(rendered())
    for rule in (*tenant.rules[:3], *workload.alerts[:3], recording.rules[0]):
        broken = replace(rule, expr="vector(7)" if isinstance(rule, Alert) else f"2 * ({rule.expr})")
        assert "FAILED" in judged(tmp_path, [broken]), rule.name


@pytest.mark.parametrize("name", sorted(STORIES))
def test_each_rule_of_an_example_comes_from_the_catalogue_and_so_has_a_test(name: str) -> None:
    one = STORIES[name].run()
    known: set[str] = set()
    for part in one.parts:
        resolved = part.resolved
        groups = getattr(resolved, "rule_groups", None) or [
            g for g in (getattr(resolved, "rules", None),) if g
        ]
        known |= {rule.name for group in groups for rule in group.rules if rule.cases}
    for item in one.manifests.objects():
        if item.kind == "PrometheusRule":
            for group in item.body["spec"]["groups"]:
                for rule in group["rules"]:
                    assert rule.get("alert", rule.get("record")) in known


def test_a_burn_rate_reads_bounds_that_the_histogram_of_the_version_has() -> None:
    one = rendered()
    resolved = one.parts[0].resolved
    rules = [rule for rule in resolved.rules.rules if "slow_answers" in rule.name]
    assert len(rules) == 14, "two goals, seven windows"
    for rule in rules:
        (metric,) = re.findall(r"(vllm:[a-z_]+)_bucket", rule.expr)
        (bound,) = re.findall(r'le="([0-9.]+)"', rule.expr)
        assert float(bound) in {float(b) for b in resolved.engine.buckets(metric, resolved.version)}


def test_a_goal_beyond_the_histogram_has_no_burn_rate() -> None:
    names = {
        rule.name for rule in rendered(goal={"time_to_first_token": "1000s"}).parts[0].resolved.rules.rules
    }
    assert "InferenceGoalMissed" in names
    labels = [
        rule.labels["goal"]
        for rule in rendered(goal={"time_to_first_token": "1000s"}).parts[0].resolved.rules.alerts
        if rule.name == "InferenceGoalBurnsFast"
    ]
    assert "time-to-first-token" not in labels


@pytest.mark.parametrize(
    ("addon", "gone"),
    [
        ("kueue", {"TenantWorkloadsWait", "PlatformQueueInactive", "goldenpath:queue_usage:max"}),
        ("keda", {"TenantScalerFails", "goldenpath:scaler_errors:rate5m"}),
        ("flux-operator", {"TenantFluxNotReady", "InferenceFluxNotReady", "PlatformFluxNotReady"}),
        ("spire-controller-manager", {"PlatformIdentitiesNotRenewed"}),
    ],
)
def test_a_cluster_without_an_addon_has_no_rules_for_it(addon: str, gone: set[str]) -> None:
    everything = {rule.name for group in groups_of(rendered()) for rule in group.rules}
    less = run(service(), fleet=full_fleet(**{addon: None}), tenant=full_tenant())
    names = {rule.name for group in groups_of(less) for rule in group.rules}
    assert gone <= everything
    assert not gone & names


def test_the_scaler_metric_has_the_name_of_the_version_of_keda() -> None:
    old = run(service(), fleet=full_fleet(keda="2.13"), tenant=full_tenant())
    (rule,) = [r for g in groups_of(old) for r in g.rules if r.name == "goldenpath:scaler_errors:rate5m"]
    assert "keda_scaler_errors{" in rule.expr


def test_every_alert_links_a_page_that_is_rendered_with_its_own_names() -> None:
    fleet = {
        **full_fleet(),
        "monitoring": {"namespace": "monitoring", "prometheus": "http://p.monitoring:9090"},
    }
    tenant = full_tenant()
    known = parse_fleet(fleet)
    tenants = Pipeline(known).run(parse(tenant, fleet=known))
    pages = {
        file.path: file.text
        for one in (rendered(), tenants, Pipeline(known).run(known))
        for file in one.manifests.files
    }
    base = "https://git.example.org/platform/fleet/blob/main/"
    seen = set()
    for group in groups_of(rendered()):
        for alert in group.alerts:
            assert alert.runbook is not None
            page = pages[alert.runbook.removeprefix(base)]
            assert page.startswith(f"# {alert.name}: ")
            assert "[[" not in page
            assert "```sh" in page
            names = {"Tenant": "vision", "Infere": "summariser", "Platfo": "berlin"}
            assert names[alert.name[:6]] in page
            seen.add(alert.runbook.removeprefix(base))
    assert {path for path in pages if "/runbooks/" in path} == seen
    for home, prefix in (("tenants/vision", "Tenant"), ("tenants/vision/workloads/summariser", "Inference")):
        for path in seen:
            name = path.rpartition("/")[2]
            if name.startswith(prefix):
                assert f"[{name.removesuffix('.md')}](runbooks/{name})" in pages[f"{home}/README.md"]


@pytest.mark.parametrize(
    ("repository", "page"),
    [
        (
            "https://github.com/example/fleet",
            "https://github.com/example/fleet/blob/main/tenants/vision/runbooks/",
        ),
        (
            "ssh://git@gitlab.example.org/p/fleet.git",
            "https://gitlab.example.org/p/fleet/-/blob/main/tenants/vision/runbooks/",
        ),
        (
            "https://codeberg.org/p/fleet.git",
            "https://codeberg.org/p/fleet/src/branch/main/tenants/vision/runbooks/",
        ),
        (
            "https://git.example.org:8443/p/fleet.git",
            "https://git.example.org:8443/p/fleet/blob/main/tenants/vision/runbooks/",
        ),
    ],
)
def test_a_runbook_url_has_the_forges_form(repository: str, page: str) -> None:
    known = parse_fleet({**full_fleet(), "repository": repository})
    assert runbook_folder(platforms_of(known)["berlin"], "tenants/vision") == page


def test_the_fleet_can_set_the_address_of_its_files() -> None:
    monitoring = {
        "namespace": "monitoring",
        "prometheus": "http://p:9090",
        "files": "https://portal.example.org/fleet/",
    }
    known = parse_fleet({**full_fleet(), "monitoring": monitoring})
    page = runbook_folder(platforms_of(known)["berlin"], "tenants/vision")
    assert page == "https://portal.example.org/fleet/tenants/vision/runbooks/"


def test_a_histogram_is_missed_by_a_series_that_it_has() -> None:
    _, _, tenant, _ = groups_of(rendered())
    (alert,) = [alert for alert in tenant.alerts if alert.name == "TenantScalerWithoutData"]
    assert "vllm:time_to_first_token_seconds_count{" in alert.expr
