"""The bill of materials of a model: CycloneDX 1.6, with its files, its datasets and its base model by their digests.

Datasets stand as components of the type ``data``, which the model card refers to: the entries inside a model card have no
hashes (CycloneDX 1.6 and 1.7). There is no time and no serial number, so that the same model has the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BOM_MEDIA_TYPE", "ModelFacts", "bill_of_materials"]

BOM_MEDIA_TYPE: Final = "application/vnd.cyclonedx+json"
_PROPERTY: Final = "goldenpath:"


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known of a model.

    Attributes:
        name: its name.
        tree: ``sha256:…`` of the manifest of its files, as of a dataset.
        formats: of its weights.
        config: its `config.json`.
        datasets: digests of the datasets that it was trained with, by their names.
        base_model: the model that it was made from, with its digest; empty for none.
        license: an SPDX expression, or empty.

    """

    name: str
    tree: str
    formats: tuple[str, ...]
    config: Mapping[str, Any] = field(default_factory=dict)
    datasets: Mapping[str, str] = field(default_factory=dict)
    base_model: str = ""
    license: str = ""

    @property
    def family(self) -> str:
        """The architecture's family, as `config.json` says: ``llama``."""
        return _text(self.config.get("model_type"))

    @property
    def architecture(self) -> str:
        """The architecture, as `config.json` says: ``LlamaForCausalLM``."""
        found = self.config.get("architectures")
        return _text(found[0]) if isinstance(found, list) and found else ""


def bill_of_materials(facts: ModelFacts, files: Mapping[str, str], card: str) -> dict[str, Any]:
    """The document.

    Args:
        facts: what is known of the model.
        files: the SHA-256 of each of its files.
        card: ``sha256:…`` of the model card.
    """
    parameters: dict[str, Any] = {}
    if facts.family:
        parameters["architectureFamily"] = facts.family
    if facts.architecture:
        parameters["modelArchitecture"] = facts.architecture
    if facts.datasets:
        parameters["datasets"] = [{"ref": _dataset_ref(name)} for name in sorted(facts.datasets)]
    model: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": "model",
        "name": facts.name,
        "properties": [
            {"name": f"{_PROPERTY}tree-digest", "value": facts.tree},
            {"name": f"{_PROPERTY}model-card", "value": card},
            {"name": f"{_PROPERTY}formats", "value": ", ".join(facts.formats)},
        ],
        "modelCard": {"modelParameters": parameters},
    }
    if facts.license:
        model["licenses"] = [{"expression": facts.license}]
    if facts.base_model:
        model["pedigree"] = {
            "ancestors": [
                {"type": "machine-learning-model", "name": facts.base_model, "bom-ref": "base-model"}
            ]
        }
    components = [
        {
            "type": "data",
            "bom-ref": _dataset_ref(name),
            "name": name,
            "hashes": [_sha256(facts.datasets[name].removeprefix("sha256:"))],
            "data": [{"type": "dataset", "name": name}],
        }
        for name in sorted(facts.datasets)
    ]
    components += [
        {"type": "file", "bom-ref": f"file:{path}", "name": path, "hashes": [_sha256(files[path])]}
        for path in sorted(files, key=str.encode)
    ]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": model},
        "components": components,
        "dependencies": [{"ref": "model", "dependsOn": [each["bom-ref"] for each in components]}],
    }


def _sha256(content: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": content}


def _dataset_ref(name: str) -> str:
    return f"dataset:{name}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
