"""The catalogue of policies: rules that quotas and roles cannot say, each as one CEL expression in one file.

For: the data (``data/<id>.yaml``; what several rules look at is named once in ``subjects.yaml``), reading it into
frozen values, and saying a policy as a ValidatingAdmissionPolicy with its binding. A new policy is one new file.

Not for: evaluating anything (``goldenpath.check.policy_evaluation`` does, with the very same expression), templates, clusters.

What a policy may differ in by tenant stands in annotations of the tenant's Namespace. Tenants cannot write
Namespaces, and an expression sees them as ``namespaceObject`` wherever it runs, so there is no parameter object
that could be missing, be raced with or need protection of its own.
"""

from goldenpath.policies.policy import Policy, PolicyExample, PolicyVariable, ResourceRule
from goldenpath.policies.policy_catalogue import load_policies, policies

__all__ = ["Policy", "PolicyExample", "PolicyVariable", "ResourceRule", "load_policies", "policies"]
