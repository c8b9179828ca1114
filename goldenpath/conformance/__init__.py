"""Evidence for Kubernetes AI Conformance from a live cluster and its manifests.

For: the requirements by version, checks that read a cluster (and on request probe it), the draft of a submission with its
evidence files, and the official validator's rules for a submission.

Not for: submitting. A platform's team submits its own product. A check that cannot see the cluster is SKIP, never PASS.
Objects that goldenpath put on the cluster are no evidence of the platform.
"""

from goldenpath.conformance.live_checks import check_cluster
from goldenpath.conformance.requirements import Requirement, known_versions, requirements_of
from goldenpath.conformance.submission import submission_problems
from goldenpath.conformance.verdicts import CheckResult, Look, Verdict

__all__ = [
    "CheckResult",
    "Look",
    "Requirement",
    "Verdict",
    "check_cluster",
    "known_versions",
    "requirements_of",
    "submission_problems",
]
