"""The catalogue of controls: the demands of standards in our own words, and the parts of goldenpath that meet them.

``data/`` has one file for each standard with its source, the tests of rendered objects (``object-tests.yaml``) and the
list of records (``records.yaml``). ``goldenpath.compliance`` assesses a fleet with them. The text of a standard is not
included, because it is often licensed.
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
