"""The draft of a submission: PRODUCT.yaml, a page for each requirement, and results.json.

``results.json`` has the form of ``go test -json``, which the official validator reads. Its tests are named after
goldenpath and not after the official suite, whose tests these are not. A draft claims a requirement only where its check
is PASS; every other one is left open, with the reason. What only the platform's team knows is left as a placeholder.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.conformance.submission import METADATA
from goldenpath.conformance.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.conformance.verdicts import CheckResult

__all__ = ["evidence_files"]

_PACKAGE: Final = "goldenpath.dev/conformance"
_SAYS: Final = {Verdict.PASS: "PASS", Verdict.FAIL: "FAIL", Verdict.SKIP: "SKIP"}


def evidence_files(
    results: Sequence[CheckResult], *, version: str, server: str, release: str
) -> dict[str, str]:
    """By path, the files of a draft.

    Args:
        results: what was found out.
        version: of the requirements, such as ``1.37``.
        server: the version of the cluster's API server.
        release: of goldenpath.
    """
    files = {f"{each.requirement.id}.md": _page(each, server=server, release=release) for each in results}
    files["results.json"] = "".join(f"{json.dumps(event)}\n" for each in results for event in _events(each))
    files["PRODUCT.yaml"] = _product(results, version=version, server=server)
    return files


def _test_name(result: CheckResult) -> str:
    return f"Goldenpath/{result.requirement.id}"


def _events(result: CheckResult) -> list[dict[str, Any]]:
    name, times = _test_name(result), [look.when for look in result.looks]
    when = (max(times) if times else None, min(times) if times else None)
    last, first = (each.isoformat() if each else None for each in when)
    event = {"Package": _PACKAGE, "Test": name}
    reported = [("run", first, ""), ("output", last, f"{_SAYS[result.verdict]}: {result.reason}\n")]
    events = [_event(event, action, time, output) for action, time, output in reported]
    return [*events, _event(event, result.verdict.value, last, "")]


def _event(event: dict[str, str], action: str, time: str | None, output: str) -> dict[str, Any]:
    return {
        **({"Time": time} if time else {}),
        "Action": action,
        **event,
        **({"Output": output} if output else {}),
    }


def _page(result: CheckResult, *, server: str, release: str) -> str:
    requirement = result.requirement
    lines = [
        f"# {requirement.id}",
        "",
        requirement.says,
        "",
        f"- Verdict: **{_SAYS[result.verdict]}**",
        f"- Reason: {result.reason}",
        f"- Cluster: Kubernetes {server}; looked at by goldenpath {release}",
    ]
    if result.not_counted:
        lines.append(f"- Not counted, since goldenpath put them there: {result.not_counted} objects")
    if requirement.unseen:
        lines.append(f"- What this cannot show: {requirement.unseen}")
    for look in result.looks:
        fence = "`" * max(3, _longest_run(look.output) + 1)
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


def _longest_run(text: str) -> int:
    """The longest run of backticks, which a fence must be longer than."""
    longest = run = 0
    for char in text:
        run = run + 1 if char == "`" else 0
        longest = max(longest, run)
    return longest


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
                "notes": each.reason if passed else f"Open. {_SAYS[each.verdict]}: {each.reason}",
            }
        )
    head = (
        f"# A draft from what a cluster of Kubernetes {server} shows. Fill in the metadata, and what is open.\n"
        "# The platform's team answers for every word of it.\n"
    )
    return head + kubeyaml.dump({"metadata": metadata, "spec": spec})
