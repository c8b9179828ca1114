"""Rendering and checking in one call equals the two separate calls."""

import datetime as dt
from pathlib import Path

import pytest

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.pipeline import Pipeline, parse
from goldenpath.spec.parse import parse_fleet

REQUESTS = Path(__file__).resolve().parent.parent / "requests"
PIPELINE = Pipeline(parse_fleet(kubeyaml.load_file(REQUESTS / "goldenpath.yaml")))
NAMES = ("edge-retail", "sandbox", "speech", "vision")


def tenant(name: str, **more: object) -> object:
    return parse({**kubeyaml.load_file(REQUESTS / f"{name}.yaml"), **more}, fleet=PIPELINE.fleet)


@pytest.mark.parametrize("name", NAMES)
def test_rendering_and_checking_together_equal_the_separate_steps(name):
    asked = tenant(name)
    rendered = PIPELINE.run(asked)
    manifests, findings = rendered.manifests, rendered.findings
    assert manifests == PIPELINE.render(asked)
    assert findings == PIPELINE.check(asked)
    assert [item.body for item in manifests.objects()] == [
        item.body for item in PIPELINE.render(asked).objects()
    ]


def test_one_cluster_of_two_has_its_files_and_its_findings_only():
    rendered = PIPELINE.run(tenant("speech"), cluster="us-east")
    manifests, findings = rendered.manifests, rendered.findings
    assert manifests == PIPELINE.render(tenant("speech"), cluster="us-east")
    assert not any("eu-central" in file.path for file in manifests.files)
    assert {finding.object for finding in findings if finding.object.startswith("Tenant")} <= {
        "Tenant speech on us-east"
    }


def test_a_day_brings_the_findings_about_dates():
    asked = tenant("sandbox", expires=dt.date(2027, 1, 1).isoformat())
    before = PIPELINE.run(asked).findings
    after = PIPELINE.run(asked, today=dt.date(2027, 1, 2)).findings
    assert {finding.rule for finding in after} - {finding.rule for finding in before} == {"expired"}


def test_worst_comes_first():
    asked = tenant("edge-retail", expires="2027-01-01", identity={"service_accounts": ["a"]})
    findings = PIPELINE.run(asked, today=dt.date(2027, 1, 2)).findings
    ranks = [finding.severity.rank for finding in findings]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) > 1


def test_a_cluster_that_the_tenant_is_not_on_is_refused():
    with pytest.raises(InputError) as refused:
        PIPELINE.run(tenant("vision"), cluster="us-east")
    assert [problem.rule for problem in refused.value.problems] == ["unknown-cluster"]
