"""Evidence from a fleet repository for the controls of a standard, for auditors and their programs.

For: the assessment of one commit (:func:`assess`), and its result as OSCAL, as OpenReports and as a page. Every output
depends on the commit alone: the same commit gives the same bytes. Times are the commit's, and identifiers are derived from
names.

Not for: the controls themselves (``goldenpath.controls``), or a verdict on an organisation. A control that the fleet
repository cannot show is not assessed, and never satisfied.
"""

from goldenpath.compliance.assessment import Assessment, ControlResult, State, assess

__all__ = ["Assessment", "ControlResult", "State", "assess"]
