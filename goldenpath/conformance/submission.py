"""The official validator's rules for a submission, without access to the network.

Ported from cncf/k8s-ai-conformance, ``scripts/validate.go`` @122012f, and from ``instructions.md`` @95aee79 for files of
test results. The port does not request the addresses. It checks CNCF membership only if the caller passes the members.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree

from goldenpath import kubeyaml
from goldenpath.conformance.requirements import requirements_of
from goldenpath.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from goldenpath.conformance.requirements import Requirement

__all__ = ["METADATA", "STATUSES", "submission_problems"]

METADATA: Final = {
    "kubernetesVersion": True,
    "platformName": True,
    "platformVersion": True,
    "vendorName": True,
    "websiteUrl": True,
    "repoUrl": False,
    "documentationUrl": True,
    "productLogoUrl": True,
    "description": True,
    "contactEmailAddress": True,
    "k8sConformanceUrl": True,
}
"""Fields of the metadata, and whether each is required."""
STATUSES: Final = ("Implemented", "Not Implemented", "Partially Implemented", "N/A")
_LOGO: Final = (".svg", ".eps", ".ai")
_CONFORMANCE_URL: Final = re.compile(
    r"https://github\.com/cncf/k8s-conformance/tree/(master|main)/v\d+\.\d+/[^/]+/?"
)
_LOGO_RULE_SINCE: Final = (1, 37)
_RESULT_FILES: Final = frozenset({"junit.xml", "results.json", "e2e.log"})
_FAILED_LINE: Final = re.compile(r"^\s*--- FAIL: (\S+)", re.MULTILINE)
_MOST_BYTES: Final = 64 * 1024 * 1024


def submission_problems(
    file: Path, *, version: str | None = None, members: Collection[str] | None = None
) -> tuple[Problem, ...]:
    """The problems that the validator reports for a ``PRODUCT.yaml``.

    Args:
        file: the file, in the folder of its submission.
        version: the version of the requirements; by default the folder above the submission, as in
            ``v1.37/<product>/``.
        members: names of the CNCF's members; None leaves membership unchecked.

    Raises:
        InputError: the file cannot be read, or the version is unknown.
    """
    named = version or file.resolve().parent.parent.name
    requirements = requirements_of(named)
    plain = named.removeprefix("v")
    document = kubeyaml.load(kubeyaml.read_text(file), name=str(file))
    if not isinstance(document, dict):
        raise InputError.of("", "type", "must be a mapping with `metadata` and `spec`", file=str(file))
    found = [
        *_metadata_problems(document.get("metadata"), plain, members),
        *_spec_problems(document.get("spec"), requirements, plain, file.parent),
    ]
    return tuple(each.in_file(str(file)) for each in found)


def _metadata_problems(metadata: Any, version: str, members: Collection[str] | None) -> Iterator[Problem]:
    if not isinstance(metadata, dict):
        yield Problem("metadata", "required", "is missing")
        return
    for field, required in METADATA.items():
        place = f"metadata.{field}"
        value = metadata.get(field, metadata.get(_snake(field)))
        if value is None or value == "":
            if required:
                yield Problem(place, "required", "is missing" if value is None else "is empty")
        else:
            yield from _text_problems(field, value, place, version)
    vendor = str(metadata.get("vendorName", metadata.get("vendor_name", "")) or "").strip()
    if members is not None and vendor and vendor not in members:
        yield Problem(
            "metadata.vendorName",
            "member",
            "must be a member of the CNCF, spelled as in the landscape",
            vendor,
        )


def _text_problems(field: str, value: Any, place: str, version: str) -> Iterator[Problem]:
    is_url = isinstance(value, str) and value.startswith("http")
    if not isinstance(value, str):
        yield Problem(place, "type", "must be text; put it in quotes", value)
    elif value.startswith("[") and value.endswith("]"):
        yield Problem(place, "placeholder", "still has the template's placeholder; replace it", value)
    elif field == "k8sConformanceUrl" and not _CONFORMANCE_URL.fullmatch(value):
        message = "must be https://github.com/cncf/k8s-conformance/tree/master/vX.Y/<product>"
        yield Problem(place, "conformance-url", message, value)
    elif (
        field == "productLogoUrl" and is_url and _has_logo_rule(version) and not value.lower().endswith(_LOGO)
    ):
        yield Problem(place, "logo", f"must end in {', '.join(_LOGO)}", value)


def _has_logo_rule(version: str) -> bool:
    return tuple(map(int, version.split("."))) >= _LOGO_RULE_SINCE


def _spec_problems(
    spec: Any, requirements: tuple[Requirement, ...], version: str, folder: Path
) -> Iterator[Problem]:
    if not isinstance(spec, dict):
        yield Problem("spec", "required", "is missing")
        return
    for category in dict.fromkeys(each.category for each in requirements):
        given = spec.get(category)
        if not isinstance(given, list):
            yield Problem(f"spec.{category}", "required", "is missing")
            continue
        by_id = {each.get("id"): each for each in given if isinstance(each, dict)}
        for requirement in requirements:
            if requirement.category != category:
                continue
            place = f"spec.{category}[{requirement.id}]"
            if requirement.id not in by_id:
                yield Problem(place, "required", "is missing")
            else:
                yield from _entry_problems(by_id[requirement.id], requirement.levels[version], place, folder)


def _entry_problems(entry: Mapping[str, Any], level: str, place: str, folder: Path) -> Iterator[Problem]:
    status, evidence = entry.get("status") or "", entry.get("evidence") or []
    if level == "SHOULD" and not status and not evidence:
        return
    if status not in STATUSES:
        yield Problem(f"{place}.status", "choice", f"must be one of {', '.join(STATUSES)}", status)
    if level == "MUST" and status != "Implemented":
        yield Problem(
            f"{place}.status",
            "must",
            "must be Implemented: the validator accepts no other status for a MUST",
            status,
        )
    if status == "N/A" and not entry.get("notes"):
        yield Problem(f"{place}.notes", "required", "must say why it is N/A")
    if not isinstance(evidence, list):
        yield Problem(f"{place}.evidence", "type", "must be a list")
        return
    for index, link in enumerate(evidence):
        yield from _evidence_problems(link, f"{place}.evidence[{index}]", folder)


def _evidence_problems(link: Any, place: str, folder: Path) -> Iterator[Problem]:
    if not isinstance(link, str):
        yield Problem(place, "type", "must be text", link)
        return
    if not link or link.startswith(("http://", "https://")):
        return
    path, _, test = link.removeprefix("file://").partition("#")
    if ".." in Path(path).parts or Path(path).is_absolute():
        yield Problem(place, "path", "must stay in the folder of the submission", link)
        return
    file = _local(folder, path)
    if file is None:
        yield Problem(place, "missing-file", "does not exist in the folder of the submission", link)
        return
    if file.name in _RESULT_FILES and link.startswith("file://"):
        yield from _result_problems(file, test, place, link)


def _local(folder: Path, path: str) -> Path | None:
    """A file in the submission's folder, or at a path of the repository such as ``vX.Y/<product>/file``."""
    for place in (folder / path, folder.parent.parent / path):
        if place.exists():
            return place
    return None


def _result_problems(file: Path, test: str, place: str, link: str) -> Iterator[Problem]:
    try:
        outcomes = _outcomes(file)
    except (OSError, ValueError, ElementTree.ParseError) as error:
        yield Problem(place, "unreadable-results", f"cannot be read as test results: {error}", link)
        return
    if failed := sorted(name for name, outcome in outcomes.items() if outcome == "fail"):
        yield Problem(place, "failed-test", f"has failed tests: {', '.join(failed[:5])}", link)
    if test and outcomes.get(test) is None:
        yield Problem(place, "unknown-test", "names a test that is not in the file", link)
    elif test and outcomes[test] == "skip":
        yield Problem(place, "skipped-test", "names a test that was skipped, which is not evidence", link)


def _outcomes(file: Path) -> dict[str, str]:
    """The outcome of each test: ``pass``, ``fail`` or ``skip``.

    Raises:
        ValueError: the file does not hold test results.
    """
    if file.stat().st_size > _MOST_BYTES:
        raise ValueError(f"more than {_MOST_BYTES >> 20} MiB")
    text = file.read_text(encoding="utf-8", errors="replace")
    if file.name == "e2e.log":
        found = dict.fromkeys(re.findall(r"^\s*--- PASS: (\S+)", text, re.MULTILINE), "pass")
        found |= dict.fromkeys(re.findall(r"^\s*--- SKIP: (\S+)", text, re.MULTILINE), "skip")
        return found | dict.fromkeys(_FAILED_LINE.findall(text), "fail")
    if file.name == "results.json":
        events = [json.loads(line) for line in text.splitlines() if line.strip()]
        return {
            each["Test"]: each["Action"]
            for each in events
            if isinstance(each, dict) and each.get("Test") and each.get("Action") in {"pass", "fail", "skip"}
        }
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("a document type is not allowed")
    root = ElementTree.fromstring(text)  # noqa: S314 - without a document type there is no entity to expand
    outcomes = {}
    for case in root.iter("testcase"):
        bad = case.find("failure") is not None or case.find("error") is not None
        outcomes[str(case.get("name"))] = (
            "fail" if bad else "skip" if case.find("skipped") is not None else "pass"
        )
    return outcomes


def _snake(field: str) -> str:
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", field)).lower()
