"""Golden paths: where they are and what they say of themselves.

Reads folders and ``golden-path.yaml``. Does not render, and does not know what a tenant is.
"""

from goldenpath.paths.extra_inputs import ExtraInputs
from goldenpath.paths.library import Library, builtin_folder
from goldenpath.paths.path_metadata import GoldenPath

__all__ = ["ExtraInputs", "GoldenPath", "Library", "builtin_folder"]
