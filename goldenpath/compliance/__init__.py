"""Evidence from a fleet repository for the controls of a standard, for auditors and their programs.

For: assessing one commit (:func:`assess`), and saying the result as OSCAL, as OpenReports and as a page. All of it is a
function of the commit: the same commit gives the same bytes, with the commit's time and identifiers that follow from
what they identify.

Not for: the controls themselves (``goldenpath.controls``), or a verdict on an organisation. A control that the fleet
repository cannot show is not assessed, and never satisfied.
"""

from goldenpath.compliance.assessment import Assessment, ControlResult, State, assess

__all__ = ["Assessment", "ControlResult", "State", "assess"]
