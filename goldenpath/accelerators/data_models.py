"""The strict models of the data files, one for the file of each vendor.

The models validate single entries; ``loading`` validates rules between entries and files.
"""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from goldenpath.accelerators.accelerator import Confidence, MemoryOf
from goldenpath.accelerators.allocation_modes import SharingMode
from goldenpath.accelerators.amd import PARTITION_PROFILE
from goldenpath.accelerators.nvidia import LONGEST_LABEL_VALUE, MIG_PROFILE, label_value
from goldenpath.catalogue_files import CatalogueModel, FactSource

_MODEL_ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+")
_QUALIFIED_NAME = re.compile(
    r"[a-z0-9](?:[a-z0-9.\-]*[a-z0-9])?/[A-Za-z0-9](?:[A-Za-z0-9_.\-]{0,61}[A-Za-z0-9])?"
)
_LABEL_VALUE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.\-]{0,61}[A-Za-z0-9])?")


def _model_id(text: str) -> str:
    return _matching(text, _MODEL_ID, "a model id: lower-case words joined by hyphens, the vendor first")


def _qualified_name(text: str) -> str:
    return _matching(text, _QUALIFIED_NAME, "a qualified name such as nvidia.com/gpu")


def _label_value(text: str) -> str:
    return _matching(text, _LABEL_VALUE, "a label value")


def _product_name(text: str) -> str:
    # The name becomes part of a CEL string and, through GPU feature discovery, a label value.
    if "'" in text or "\\" in text or not text.isascii():
        raise ValueError("a product name must be ASCII without quotes and backslashes")
    _matching(label_value(text), _LABEL_VALUE, f"at most {LONGEST_LABEL_VALUE} characters as a label value")
    return text


def _matching(text: str, pattern: re.Pattern[str], noun: str) -> str:
    if not pattern.fullmatch(text):
        raise ValueError(f"{text!r} is not {noun}")
    return text


Text = Annotated[str, Field(min_length=1)]
ModelId = Annotated[str, AfterValidator(_model_id)]
QualifiedName = Annotated[str, AfterValidator(_qualified_name)]
LabelValue = Annotated[str, AfterValidator(_label_value)]
ProductName = Annotated[str, AfterValidator(_product_name)]
Driver = Annotated[str, Field(pattern=r"^[a-z0-9.\-]+$")]
Count = Annotated[int, Field(ge=1)]
SourceKeys = Annotated[list[Text], Field(min_length=1)]
Facts = Annotated[dict[Text, SourceKeys], Field(min_length=1)]
# YAML has no enumerations, so the strict models read these two from strings.
Sureness = Annotated[Confidence, Field(strict=False)]
Mode = Annotated[SharingMode, Field(strict=False)]


class TaintEntry(CatalogueModel):
    key: QualifiedName
    effect: Annotated[str, Field(pattern=r"^(NoSchedule|PreferNoSchedule|NoExecute)$")]


class VendorEntry(CatalogueModel):
    id: Annotated[str, Field(pattern=r"^[a-z]+$")]
    title: Text
    drivers: Annotated[list[Driver], Field(min_length=1)]
    device_classes: Annotated[list[Driver], Field(min_length=1)]
    base_resource_names: Annotated[list[QualifiedName], Field(min_length=1)]
    taint: TaintEntry | None
    sharing_modes: list[Mode]
    note: str = ""
    sources: Facts


class LayoutEntry(CatalogueModel):
    """The number of each partition on one device. ``confidence`` and ``notes`` are about single partitions."""

    partitions: Annotated[dict[Text, Count], Field(min_length=1)]
    confidence: dict[Text, Sureness] = Field(default_factory=dict)
    notes: dict[Text, Text] = Field(default_factory=dict)
    sources: SourceKeys

    @model_validator(mode="after")
    def _notes_name_partitions(self) -> Self:
        if unknown := (self.confidence.keys() | self.notes.keys()) - self.partitions.keys():
            raise ValueError(f"confidence or notes for unknown partitions: {', '.join(sorted(unknown))}")
        return self


class ModelEntry(CatalogueModel):
    title: Text
    memory_gib: Count
    memory_of: Annotated[MemoryOf, Field(strict=False)] = MemoryOf.VENDOR
    aliases: list[ModelId] = Field(default_factory=list)
    confidence: Sureness = Confidence.DOCUMENTED
    note: str = ""
    sources: Facts

    @model_validator(mode="after")
    def _memory_has_a_source(self) -> Self:
        if "memory" not in self.sources:
            raise ValueError("no source for the memory")
        return self


class NvidiaModelEntry(ModelEntry):
    products: list[ProductName] = Field(default_factory=list)
    reported_products: list[ProductName] = Field(default_factory=list)
    architecture: Annotated[str, Field(pattern=r"^[A-Z][a-z]+$")] | None = None
    """NVML's architecture, for a model without a known product name. Only this model may have it."""
    layout: str | None = None

    @model_validator(mode="after")
    def _products_have_sources(self) -> Self:
        if bool(self.products) is (self.architecture is not None):
            raise ValueError("the model must have either products or an architecture")
        for group in ("products", "reported_products", "architecture"):
            if getattr(self, group) and group not in self.sources:
                raise ValueError(f"{group} has no source")
            if group in self.sources and not getattr(self, group):
                raise ValueError(f"sources names {group}, which the model does not have")
        return self


class AmdModelEntry(ModelEntry):
    device_ids: Annotated[list[LabelValue], Field(min_length=1)]
    vf_device_ids: list[LabelValue]
    product_names: Annotated[list[Annotated[str, Field(pattern=r"^[A-Z0-9]+$")]], Field(min_length=1)]
    layout: str | None = None
    dra: bool = True

    @model_validator(mode="after")
    def _ids_have_a_source(self) -> Self:
        if "device_ids" not in self.sources:
            raise ValueError("no source for the device ids")
        return self


class IntelFamilyEntry(CatalogueModel):
    driver: Driver
    resource: QualifiedName
    other_resources: list[QualifiedName]
    type: Annotated[str, Field(pattern=r"^[a-z]+$")] | None
    sharing_modes: list[Mode]
    sources: Facts


class IntelModelEntry(ModelEntry):
    family: Text
    labels: Annotated[
        dict[QualifiedName, Annotated[list[LabelValue], Field(min_length=1)]], Field(min_length=1)
    ]
    dra_model: ProductName


class VendorDocument(CatalogueModel):
    """The common part of the files of all vendors."""

    vendor: VendorEntry
    sources: dict[Text, FactSource]


class NvidiaDocument(VendorDocument):
    layouts: dict[Text, LayoutEntry]
    models: dict[ModelId, NvidiaModelEntry]

    @model_validator(mode="after")
    def _partitions_are_mig_profiles(self) -> Self:
        for name, layout in self.layouts.items():
            for profile in layout.partitions:
                _matching(profile, MIG_PROFILE, f"a MIG profile such as 1g.10gb+me (layouts.{name})")
        return self


class AmdDocument(VendorDocument):
    layouts: dict[Text, LayoutEntry]
    models: dict[ModelId, AmdModelEntry]

    @model_validator(mode="after")
    def _partitions_are_modes(self) -> Self:
        for name, layout in self.layouts.items():
            for profile in layout.partitions:
                _matching(profile, PARTITION_PROFILE, f"modes such as cpx_nps4 (layouts.{name})")
        return self


class IntelDocument(VendorDocument):
    families: dict[Text, IntelFamilyEntry]
    models: dict[ModelId, IntelModelEntry]
