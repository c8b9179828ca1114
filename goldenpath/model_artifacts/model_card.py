"""The model card in Markdown: the folder's `README.md`, or a generated card with the facts about the model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from goldenpath.errors import InputError

if TYPE_CHECKING:
    from goldenpath.model_artifacts.bill_of_materials import ModelFacts

__all__ = ["CARD_FILE", "CARD_MEDIA_TYPE", "model_card"]

CARD_FILE: Final = "README.md"
CARD_MEDIA_TYPE: Final = "text/markdown"
_MAX_BYTES: Final = 4 << 20


def model_card(folder: Path, facts: ModelFacts) -> bytes:
    """Return the card of a model.

    Raises:
        InputError: `README.md` has more than 4 MiB.
    """
    file = Path(folder, CARD_FILE)
    if not file.is_file():
        return _generated_card(facts).encode()
    if file.stat().st_size > _MAX_BYTES:
        raise InputError.of(
            CARD_FILE, "model-card", f"has more than {_MAX_BYTES >> 20} MiB", file=str(folder)
        )
    return file.read_bytes()


def _generated_card(facts: ModelFacts) -> str:
    rows = [("Files", f"`{facts.tree}`"), ("Formats", ", ".join(facts.formats))]
    for title, value in (
        ("Architecture", facts.architecture),
        ("Family", facts.family),
        ("Base model", facts.base_model),
        ("License", facts.license),
    ):
        if value:
            rows.append((title, _cell(value)))
    lines = [
        f"# {_cell(facts.name)}",
        "",
        "| | |",
        "|---|---|",
        *(f"| {key} | {value} |" for key, value in rows),
    ]
    if facts.datasets:
        lines += ["", "## Datasets", "", "| Name | Digest |", "|---|---|"]
        lines += [f"| {_cell(name)} | `{facts.datasets[name]}` |" for name in sorted(facts.datasets)]
    lines += ["", "The author of the model has written no card; this one has what its files say.", ""]
    return "\n".join(lines)


def _cell(text: str) -> str:
    """A text for a cell of a Markdown table, on one line."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
