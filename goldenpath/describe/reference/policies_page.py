"""The page on policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.describe.markdown import code, page, table
from goldenpath.policies import policies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.policies import Policy

__all__ = ["policies_page"]

_INTRODUCTION = (
    "Rules that quotas and roles cannot express. Each policy is one CEL expression. `goldenpath check` evaluates it for "
    "manifests. The API server evaluates the same expression as a ValidatingAdmissionPolicy, which the golden path "
    "`platform` renders for every cluster. The rule of a finding is the policy's id. A request can exempt its tenant from a "
    "policy for a while under `exceptions`, with a reason and an end date."
)


def policies_page() -> str:
    overview = table(
        ["Policy", "Rule", "Severity"],
        ([f"[{code(policy.id)}](#{policy.id})", policy.title, policy.severity] for policy in policies()),
    )
    blocks = [block for policy in policies() for block in _policy(policy)]
    return page("Policies", _INTRODUCTION, overview, *blocks)


def _policy(policy: Policy) -> Iterator[str]:
    kinds = dict.fromkeys(kind for rule in policy.rules for kind in rule.resources.values())
    yield f"## {policy.id}"
    yield f"{policy.title}. {policy.why}"
    yield f"**Fix:** {policy.fix}"
    yield f"**Kinds:** {', '.join(kinds)}"
    judged = [("passes" if example.good else "refused", example.why) for example in policy.examples]
    yield table(["Verdict", "Example"], judged)
    variables = "".join(
        f"// variables.{variable.name}\n{variable.expression}\n\n" for variable in policy.variables
    )
    yield f"<details><summary>The expression</summary>\n\n```cel\n{variables}{policy.expression}\n```\n\n</details>"
