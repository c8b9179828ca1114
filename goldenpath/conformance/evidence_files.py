"""The draft of a submission: PRODUCT.yaml, a page for each requirement, and results.json.

``results.json`` has the form of ``go test -json``, which the official validator reads. The names of its tests begin with
Goldenpath, because they are not tests of the official suite. A draft claims a requirement only if its check is PASS. Every
other requirement stays open, with the reason. Facts that only the platform's team knows are placeholders.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.conformance.submission import METADATA
from goldenpath.conformance.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.conformance.verdicts import CheckResult

__all__ = ["evidence_files"]

_PACKAGE: Final = "goldenpath.dev/conformance"


def evidence_files(
    results: Sequence[CheckResult], *, version: str, server: str, release: str
) -> dict[str, str]:
    """The files of a draft, by path.

    Args:
        results: the results of the checks.
        version: the version of the requirements, such as ``1.37``.
        server: the version of the cluster's API server.
        release: the version of goldenpath.
    """
    files = {f"{each.requirement.id}.md": _page(each, server=server, release=release) for each in results}
    files["results.json"] = "".join(f"{json.dumps(event)}\n" for each in results for event in _events(each))
    files["PRODUCT.yaml"] = _product(results, version=version, server=server)
    return files


def _test_name(result: CheckResult) -> str:
    return f"Goldenpath/{result.requirement.id}"


def _events(result: CheckResult) -> list[dict[str, Any]]:
    times = [look.when.isoformat() for look in sorted(result.looks, key=lambda look: look.when)]
    first, last = (times[0], times[-1]) if times else (None, None)
    reported = [
        ("run", first, ""),
        ("output", last, f"{result.verdict.name}: {result.reason}\n"),
        (result.verdict.value, last, ""),
    ]
    return [
        {
            **({"Time": time} if time else {}),
            "Action": action,
            "Package": _PACKAGE,
            "Test": _test_name(result),
            **({"Output": output} if output else {}),
        }
        for action, time, output in reported
    ]


def _page(result: CheckResult, *, server: str, release: str) -> str:
    requirement = result.requirement
    lines = [
        f"# {requirement.id}",
        "",
        requirement.says,
        "",
        f"- Verdict: **{result.verdict.name}**",
        f"- Reason: {result.reason}",
        f"- Cluster: Kubernetes {server}; looked at by goldenpath {release}",
    ]
    if result.not_counted:
        lines.append(f"- Not counted, since goldenpath put them there: {result.not_counted} objects")
    if requirement.unseen:
        lines.append(f"- What this cannot show: {requirement.unseen}")
    for look in result.looks:
        longest_run = max(map(len, re.findall("`+", look.output)), default=0)
        fence = "`" * max(3, longest_run + 1)
        lines += [
            "",
            f"## `{look.command}`",
            "",
            f"{look.when.isoformat()}",
            "",
            fence,
            look.output.rstrip("\n"),
            fence,
        ]
    return "\n".join(lines) + "\n"


def _product(results: Sequence[CheckResult], *, version: str, server: str) -> str:
    metadata = {field: f"[{field}]" for field in METADATA}
    metadata["kubernetesVersion"] = f"v{version}"
    spec: dict[str, list[dict[str, Any]]] = {}
    for each in results:
        requirement, passed = each.requirement, each.verdict is Verdict.PASS
        evidence = [f"file://results.json#{_test_name(each)}", f"file://{requirement.id}.md"]
        spec.setdefault(requirement.category, []).append(
            {
                "id": requirement.id,
                "description": requirement.says,
                "level": requirement.levels[version],
                "status": "Implemented" if passed else "",
                "evidence": evidence if passed else [],
                "notes": each.reason if passed else f"Open. {each.verdict.name}: {each.reason}",
            }
        )
    head = (
        f"# A draft from what a cluster of Kubernetes {server} shows. Fill in the metadata, and what is open.\n"
        "# The platform's team answers for every word of it.\n"
    )
    return head + kubeyaml.dump({"metadata": metadata, "spec": spec})
