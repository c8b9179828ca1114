"""The reference pages of the documentation, generated from the models and the catalogues that the program uses.

Each function returns one page as Markdown. Only the introductions are written here; they explain the tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.describe.reference.alerts_page import alerts_page
from goldenpath.describe.reference.catalogue_pages import accelerators_page, engines_page
from goldenpath.describe.reference.exporters_page import exporters_page
from goldenpath.describe.reference.findings_page import findings_page
from goldenpath.describe.reference.policies_page import policies_page
from goldenpath.describe.reference.spec_pages import golden_paths_page, page_file, schema_file, spec_page

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.paths import GoldenPath

__all__ = ["reference_pages", "schema_file"]


def reference_pages(paths: Iterable[GoldenPath]) -> dict[str, str]:
    """Return every reference page by file name.

    Raises:
        DataError: the extra inputs of a golden path are not a usable JSON Schema.

    """
    every = tuple(paths)
    specs: dict[str, GoldenPath] = {}
    for path in every:
        specs.setdefault(page_file(path), path)
    return {
        "golden-paths.md": golden_paths_page(every),
        **{file: spec_page(path) for file, path in specs.items()},
        "accelerators.md": accelerators_page(),
        "engines.md": engines_page(),
        "exporters.md": exporters_page(),
        "alerts.md": alerts_page(),
        "policies.md": policies_page(),
        "findings.md": findings_page(),
    }
