"""The catalogue of policies: rules that quotas and roles cannot express, each as one CEL expression in one file.

The package has the data (``data/<id>.yaml``, with shared subjects in ``subjects.yaml``), reads it into frozen values, and
converts a policy to a ValidatingAdmissionPolicy with its binding. A new policy is one new file.
``goldenpath.check.policy_evaluation`` evaluates the same expressions.

The parameters of a policy are annotations of the tenant's Namespace. Tenants cannot write Namespaces, and each
expression can read ``namespaceObject``. So no parameter object exists that could be missing or need protection.
"""

from goldenpath.policies.policy import Policy, PolicyExample, PolicyVariable, ResourceRule
from goldenpath.policies.policy_catalogue import load_policies, policies

__all__ = ["Policy", "PolicyExample", "PolicyVariable", "ResourceRule", "load_policies", "policies"]
