"""Stories that join what is rendered with what is live: diff, apply, status, adopt, and schemas from a cluster.

A request, its fleet and connections come in; values go out, each with a documented JSON shape (``as_dict``), for the
command line, for Backstage and for anybody's Python. Reading and writing a cluster is :mod:`goldenpath.cluster`'s
business; a fleet repository is :mod:`goldenpath.fleet`'s, and who calls decides from which of its commits a request
comes. No clock, no environment, no printing.
"""

from goldenpath.live.adopting import Found, LiveAdoption, adopt, find
from goldenpath.live.applying import Listener, LiveApply, apply
from goldenpath.live.comparing import LiveDiff, diff
from goldenpath.live.desired import Desired
from goldenpath.live.schemas import ImportedSchemas, import_schemas
from goldenpath.live.status import ClusterStatus, Expected, Health, TenantStatus, status
from goldenpath.live.targets import contexts_for

__all__ = [
    "ClusterStatus",
    "Desired",
    "Expected",
    "Found",
    "Health",
    "ImportedSchemas",
    "Listener",
    "LiveAdoption",
    "LiveApply",
    "LiveDiff",
    "TenantStatus",
    "adopt",
    "apply",
    "contexts_for",
    "diff",
    "find",
    "import_schemas",
    "status",
]
