"""The bill of materials of a model in CycloneDX 1.6: its files, its datasets and its base model.

Datasets are components of the type ``data``, because the entries inside a model card have no hashes (CycloneDX 1.6 and
1.7). The model card refers to these components. The document has no time and no serial number, so the same model has
the same bytes.
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
    """The facts about a model that its bill of materials and its card state.

    Attributes:
        name: the name of the model.
        tree: ``sha256:…`` of the manifest of its files, as `goldenpath dataset hash` prints it.
        formats: the formats of the weights.
        config: the content of `config.json`.
        datasets: the digest of each training dataset, by its name.
        base_model: the base model with its digest, or empty.
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
        """``model_type`` of `config.json`, such as ``llama``."""
        return _text(self.config.get("model_type"))

    @property
    def architecture(self) -> str:
        """The first of ``architectures`` of `config.json`, such as ``LlamaForCausalLM``."""
        found = self.config.get("architectures")
        return _text(found[0]) if isinstance(found, list) and found else ""


def bill_of_materials(facts: ModelFacts, files: Mapping[str, str], card: str) -> dict[str, Any]:
    """Return the document for a model with these files (path and SHA-256) and this digest of its card."""
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
