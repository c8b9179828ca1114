"""The model card: the folder's `README.md`, or what is known of the model, in Markdown. Pure but for that file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from goldenpath.errors import InputError

if TYPE_CHECKING:
    from goldenpath.model_artifacts.bill_of_materials import ModelFacts

__all__ = ["CARD_FILE", "CARD_MEDIA_TYPE", "card_of"]

CARD_FILE: Final = "README.md"
CARD_MEDIA_TYPE: Final = "text/markdown"
_MAX_BYTES: Final = 4 << 20


def card_of(folder: Path, facts: ModelFacts) -> bytes:
    """The card of a model.

    Raises:
        InputError: `README.md` has more than 4 MiB.
    """
    file = Path(folder, CARD_FILE)
    if not file.is_file():
        return _written(facts).encode()
    if file.stat().st_size > _MAX_BYTES:
        raise InputError.of(
            CARD_FILE, "model-card", f"has more than {_MAX_BYTES >> 20} MiB", file=str(folder)
        )
    return file.read_bytes()


def _written(facts: ModelFacts) -> str:
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
    """A text on one line that ends no cell."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
