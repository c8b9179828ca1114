"""Finds golden paths in folders and reads their metadata, ``golden-path.yaml``. Other packages render them."""

from goldenpath.paths.extra_inputs import ExtraInputs
from goldenpath.paths.library import Library, builtin_folder
from goldenpath.paths.path_metadata import GoldenPath

__all__ = ["ExtraInputs", "GoldenPath", "Library", "builtin_folder"]
