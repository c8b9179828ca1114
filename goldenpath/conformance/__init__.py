"""Evidence for Kubernetes AI Conformance: what a live cluster and manifests show of each requirement, and nothing more.

For: the requirements by version, checks that read a cluster (and, where asked, probe it), the draft of a submission with
its evidence files, and the rules by which the official validator judges a submission.

Not for: submitting. A platform's team submits its product; goldenpath is no product on that list. A check that could not
look is SKIP and never PASS, and what goldenpath itself put on the cluster is no evidence of the platform.
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
