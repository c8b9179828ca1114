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
    "What quotas and roles cannot say. Each policy is one CEL expression: `goldenpath check` evaluates it over "
    "manifests, and the API server evaluates the very same as a ValidatingAdmissionPolicy, which the golden path "
    "`platform` puts on every cluster. A finding has the policy's id as its rule; a request can except a policy "
    "for a while under `exceptions`, with a reason and an end."
)


def policies_page() -> str:
    """Every policy: what it demands, why, and the way out."""
    overview = table(
        ["Policy", "Demands", "Severity"],
        ([f"[{code(policy.id)}](#{policy.id})", policy.title, policy.severity] for policy in policies()),
    )
    blocks = [block for policy in policies() for block in _policy(policy)]
    return page("Policies", _INTRODUCTION, overview, *blocks)


def _policy(policy: Policy) -> Iterator[str]:
    kinds = dict.fromkeys(kind for rule in policy.rules for kind in rule.resources.values())
    yield f"## {policy.id}"
    yield f"{policy.title}. {policy.why}"
    yield f"**Fix:** {policy.fix}"
    yield f"**Looks at:** {', '.join(kinds)}"
    judged = [("passes" if example.good else "refused", example.why) for example in policy.examples]
    yield table(["Verdict", "Example"], judged)
    variables = "".join(
        f"// variables.{variable.name}\n{variable.expression}\n\n" for variable in policy.variables
    )
    yield f"<details><summary>The expression</summary>\n\n```cel\n{variables}{policy.expression}\n```\n\n</details>"
