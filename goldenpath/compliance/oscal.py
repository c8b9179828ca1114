"""OSCAL 1.2.1: a component definition of the golden paths, and the assessment results of a commit.

The documents are small, so this module builds them without OSCAL's library (compliance-trestle), which is large and slow
to import. A test validates the documents with that library. Identifiers are UUIDs of version 5 and times are the commit's,
so that the same commit gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from goldenpath.compliance.assessment import State
from goldenpath.controls import Coverage, control_catalogue
from goldenpath.names import DOMAIN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.compliance.assessment import Assessment, ControlResult
    from goldenpath.controls import Control, Standard

__all__ = ["assessment_results", "component_definition", "dump"]

OSCAL: Final = "1.2.1"
_PROPERTY_NAMESPACE: Final = f"https://{DOMAIN}/oscal"
_UUID_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, _PROPERTY_NAMESPACE)
RELEASED: Final = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
"""The last change of the component definition; update it when the catalogue changes."""


def dump(document: dict[str, Any]) -> str:
    """A document as JSON text."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def component_definition(standards: Iterable[Standard]) -> dict[str, Any]:
    """The controls of each standard that goldenpath implements in any fleet."""
    title = "goldenpath: what golden paths implement of security standards"
    return {
        "component-definition": {
            "uuid": _id("component-definition", version("goldenpath")),
            "metadata": _metadata(title, RELEASED),
            "components": [
                {
                    "uuid": _id("component"),
                    "type": "software",
                    "title": "goldenpath",
                    "description": "Golden paths that render and check what a team has on Kubernetes.",
                    "purpose": "Guard rails of tenants: policies, quotas, network policies, Roles and records.",
                    "control-implementations": [_implementation(each) for each in standards],
                }
            ],
        }
    }


def _implementation(standard: Standard) -> dict[str, Any]:
    return {
        "uuid": _id("implementation", standard.id),
        "source": standard.link,
        "description": f"{standard.title} {standard.version}. {standard.note} {standard.source}.",
        "implemented-requirements": [
            {
                "uuid": _id("requirement", standard.id, control.id),
                "control-id": standard.token(control),
                "description": _description(control),
                "props": [_prop("coverage", control.covers.value), *_evidence(control)],
            }
            for control in standard.controls
            if control.covers is not Coverage.NONE
        ],
    }


def assessment_results(found: Assessment) -> dict[str, Any]:
    """The results of a commit of the fleet repository, one for each standard."""
    title = f"{found.organisation}: controls as the fleet repository shows them"
    plan = _id("plan", found.commit)
    results = [_result(found, standard) for standard in found.standards]
    return {
        "assessment-results": {
            "uuid": _id("assessment-results", found.domain, found.commit),
            "metadata": _metadata(title, found.when),
            "import-ap": {"href": f"#{plan}"},
            "results": [each for each in results if each],
            "back-matter": {
                "resources": [
                    {
                        "uuid": plan,
                        "title": "How the controls are assessed",
                        "description": "The catalogue of controls of goldenpath: each names the policies, tests and rules that are looked at.",
                        "rlinks": [{"href": f"https://{DOMAIN}/tasks/give-an-auditor-what-they-ask-for"}],
                    }
                ]
            },
        }
    }


def _result(found: Assessment, standard: Standard) -> dict[str, Any]:
    assessed = [each for each in found.of(standard) if each.state is not State.NOT_ASSESSED]
    if not assessed:
        return {}
    key = (found.domain, found.commit, standard.id)
    subjects = [
        {
            "subject-uuid": _id("subject", found.domain, tenant, cluster),
            "type": "component",
            "title": f"Tenant {tenant} on {cluster}",
        }
        for tenant, cluster in found.places
    ]
    return {
        "uuid": _id("result", *key),
        "title": f"{standard.title} {standard.version}",
        "description": f"{len(assessed)} controls, {len(found.places)} namespaces of tenants, commit {found.commit}.",
        "start": _time(found.when),
        "local-definitions": {
            "components": [
                {
                    "uuid": each["subject-uuid"],
                    "type": "this-system",
                    "title": each["title"],
                    "description": "The tenant's manifests in the fleet repository.",
                    "status": {"state": "operational"},
                }
                for each in subjects
            ]
        },
        "reviewed-controls": {
            "control-selections": [
                {"include-controls": [{"control-id": standard.token(each.control)} for each in assessed]}
            ]
        },
        "observations": [_observation(found, each, subjects) for each in assessed],
        "findings": [_finding(found, each) for each in assessed],
    }


def _observation(found: Assessment, result: ControlResult, subjects: list[dict[str, str]]) -> dict[str, Any]:
    reasons = "\n".join((*result.reasons, *([f"and {result.more} more"] if result.more else [])))
    return {
        "uuid": _id("observation", found.domain, found.commit, result.standard.id, result.control.id),
        "title": result.control.says,
        "description": reasons or "Every object that was looked at meets it.",
        "props": _evidence(result.control),
        "methods": ["TEST"],
        "subjects": subjects,
        "collected": _time(found.when),
        "relevant-evidence": [
            {"description": f"The manifests in commit {found.commit} of the fleet repository."}
        ],
    }


def _finding(found: Assessment, result: ControlResult) -> dict[str, Any]:
    key = (found.domain, found.commit, result.standard.id, result.control.id)
    return {
        "uuid": _id("finding", *key),
        "title": f"{result.control.id}: {result.control.says}",
        "description": _description(result.control),
        "props": [_prop("coverage", result.control.covers.value)],
        "target": {
            "type": "objective-id",
            "target-id": result.standard.token(result.control),
            "status": {"state": result.state.value},
        },
        "related-observations": [{"observation-uuid": _id("observation", *key)}],
    }


def _description(control: Control) -> str:
    catalogue = control_catalogue()
    lines = [f"{control.says}."]
    lines += [catalogue.tests[each].says for each in control.tests]
    lines += [f"Enforced by the policy {each}." for each in control.policies]
    lines += [
        f"Recorded: {catalogue.records[each].says} {catalogue.records[each].where}"
        for each in control.records
    ]
    if control.rest:
        lines.append(f"Left: {control.rest}")
    return " ".join(lines)


def _evidence(control: Control) -> list[dict[str, str]]:
    return [
        *(_prop("policy", each) for each in control.policies),
        *(_prop("object-test", each) for each in control.tests),
        *(_prop("rule", each) for each in control.rules),
        *(_prop("record", each) for each in control.records),
    ]


def _prop(name: str, value: str) -> dict[str, str]:
    return {"name": name, "ns": _PROPERTY_NAMESPACE, "value": value}


def _metadata(title: str, when: dt.datetime) -> dict[str, Any]:
    return {
        "title": title,
        "last-modified": _time(when),
        "version": version("goldenpath"),
        "oscal-version": OSCAL,
    }


def _time(when: dt.datetime) -> str:
    return when.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def _id(*words: str) -> str:
    return str(uuid.uuid5(_UUID_NAMESPACE, "/".join(words)))
