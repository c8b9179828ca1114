"""The catalogue of controls: what a standard asks, in our own words, and what of goldenpath answers it.

For: one file for each standard in ``data/``, with the ids of the standard; what a rendered object must show for a
control (``object-tests.yaml``); and which record exists where (``records.yaml``). Each standard names its source.

Not for: judging a fleet by them (``goldenpath.compliance``), or the text of a standard, which is often licensed.
"""

from goldenpath.controls.control_catalogue import (
    Control,
    ControlCatalogue,
    Coverage,
    ObjectTest,
    Record,
    Standard,
    control_catalogue,
)

__all__ = ["Control", "ControlCatalogue", "Coverage", "ObjectTest", "Record", "Standard", "control_catalogue"]
