"""Reads and validates the data files, and builds the catalogue.

Each fault is a ``DataError`` that names the file and the entry.
"""

from __future__ import annotations

import importlib.resources
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import ValidationError

from goldenpath import kubeyaml
from goldenpath.accelerators.accelerator import Accelerator, Confidence, MemoryOf
from goldenpath.accelerators.accelerator_catalogue import Catalogue
from goldenpath.accelerators.allocation_modes import Allocation, MigStrategy, SharingMode
from goldenpath.accelerators.amd import AmdAccelerator
from goldenpath.accelerators.data_models import (
    AmdDocument,
    IntelDocument,
    LayoutEntry,
    ModelEntry,
    NvidiaDocument,
    VendorDocument,
)
from goldenpath.accelerators.intel import IntelAccelerator
from goldenpath.accelerators.nvidia import MIG_PROFILE, NvidiaAccelerator
from goldenpath.accelerators.vendor import Taint, Vendor
from goldenpath.catalogue_files import FactSource
from goldenpath.errors import DataError, InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from importlib.resources.abc import Traversable


_BOTH: Final = (Allocation.DEVICE_PLUGIN, Allocation.DRA)
_WHOLE_STRATEGIES: Final = (MigStrategy.NONE, MigStrategy.SINGLE, MigStrategy.MIXED)
_CUT_STRATEGIES: Final = (MigStrategy.SINGLE, MigStrategy.MIXED)
_LONGEST_DEVICE_CLASS: Final = 63
"""The limit for the last part of a quota key (``requests.deviceclass.resource.kubernetes.io/<class>``). Kubernetes
allows longer names of DeviceClasses."""

_D = TypeVar("_D", bound=VendorDocument)
_Facts = dict[str, tuple[FactSource, ...]]


_DOCUMENTS: Final[dict[str, type[VendorDocument]]] = {
    "nvidia": NvidiaDocument,
    "amd": AmdDocument,
    "intel": IntelDocument,
}
"""The model of each vendor's file."""


def load_catalogue(folder: Traversable | None = None) -> Catalogue:
    """Read ``nvidia.yaml``, ``amd.yaml`` and ``intel.yaml`` from a folder. The default is the shipped data."""
    folder = folder or _shipped()
    return _catalogue(
        {id_: _validated(_read(folder / f"{id_}.yaml"), shape, id_) for id_, shape in _DOCUMENTS.items()}
    )


def load_with_additions(additions: Mapping[str, Mapping[str, Any]]) -> Catalogue:
    """Return the shipped catalogue with an organisation's own models.

    Args:
        additions: ``models`` by vendor, as in the shipped files, with the ``sources`` and ``layouts`` that they name in
            addition to the shipped ones.

    Raises:
        InputError: contains all problems, each with its path in the additions.
    """
    problems: list[Problem] = []
    documents: dict[str, VendorDocument] = {}
    for id_, shape in _DOCUMENTS.items():
        body = _read(_shipped() / f"{id_}.yaml")
        own = additions.get(id_, {})
        for part in ("sources", "layouts", "models"):
            for name, entry in own.get(part, {}).items():
                if name in body.get(part, {}):
                    problems.append(
                        Problem(f"{id_}.{part}.{name}", "duplicate", "already exists in the catalogue")
                    )
                else:
                    body.setdefault(part, {})[name] = entry
        try:
            documents[id_] = shape.model_validate(body)
        except ValidationError as error:
            for found in error.errors(include_url=False, include_input=False):
                path = ".".join(str(step) for step in (id_, *found["loc"]))
                problems.append(
                    Problem(path, "accelerator-model", found["msg"].removeprefix("Value error, "))
                )
    if problems:
        raise InputError(problems)
    try:
        return _catalogue(documents)
    except DataError as error:
        raise InputError([Problem("", "accelerator-model", str(error))]) from error


def _shipped() -> Traversable:
    return importlib.resources.files("goldenpath.accelerators") / "data"


def _catalogue(read: Mapping[str, VendorDocument]) -> Catalogue:
    nvidia, amd, intel = read["nvidia"], read["amd"], read["intel"]
    assert isinstance(nvidia, NvidiaDocument)
    assert isinstance(amd, AmdDocument)
    assert isinstance(intel, IntelDocument)
    documents: list[tuple[VendorDocument, Iterable[Accelerator], Mapping[str, Any]]] = [
        (nvidia, _nvidia(nvidia), nvidia.models),
        (amd, _amd(amd), amd.models),
        (intel, _intel(intel), intel.models),
    ]
    accelerators: list[Accelerator] = []
    aliases: dict[str, str] = {}
    vendors: list[Vendor] = []
    for document, entries, models in documents:
        vendors.append(_vendor(document))
        accelerators += entries
        for model, entry in models.items():
            for alias in entry.aliases:
                if aliases.setdefault(alias, model) != model:
                    raise _broken(document, model, f"the alias {alias!r} belongs to {aliases[alias]}")
    _check_names(accelerators, aliases)
    return Catalogue(vendors, accelerators, aliases)


def _read(file: Traversable) -> dict[str, Any]:
    try:
        body = kubeyaml.load(file.read_text(encoding="utf-8"), name=file.name)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file.name}: cannot be read: {error}") from error
    except InputError as error:
        raise DataError(str(error)) from error
    if not isinstance(body, dict):
        raise DataError(f"{file.name}: the document: is not a mapping")
    return body


def _validated(body: dict[str, Any], document: type[_D], id_: str) -> _D:
    try:
        return document.model_validate(body)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc']) or 'the document'}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_input=False)
        )
        raise DataError(f"{id_}.yaml: {problems}") from error


def _vendor(document: VendorDocument) -> Vendor:
    entry = document.vendor
    return Vendor(
        id=entry.id,
        title=entry.title,
        drivers=tuple(entry.drivers),
        device_classes=tuple(entry.device_classes),
        base_resource_names=tuple(entry.base_resource_names),
        taint=None if entry.taint is None else Taint(entry.taint.key, entry.taint.effect),
        sharing_modes=tuple(entry.sharing_modes),
        note=entry.note,
        facts=MappingProxyType(_facts(document, "vendor", entry.sources)),
    )


def _nvidia(document: NvidiaDocument) -> Iterator[Accelerator]:
    modes = tuple(document.vendor.sharing_modes)
    for model, entry in document.models.items():
        facts = _facts(document, model, document.vendor.sources | entry.sources)
        whole = NvidiaAccelerator(
            **_whole_device(document, model, entry, facts),
            driver=document.vendor.drivers[0],
            products=(*entry.products, *entry.reported_products),
            architecture=entry.architecture,
            allocations=_BOTH,
            mig_strategies=_WHOLE_STRATEGIES,
            sharing_modes=modes,
        )
        yield whole
        for profile, count, confidence, note, sources in _partitions(
            document, model, entry.layout, document.layouts
        ):
            yield replace(
                whole,
                id=f"{model}/{profile}",
                partition=profile,
                title=f"{entry.title}, MIG {profile}",
                memory_gib=_mig_memory(profile),
                memory_of=MemoryOf.DEVICE,
                per_device=count,
                architecture=None,
                mig_strategies=_CUT_STRATEGIES,
                # MPS does not support MIG, and a vGPU is a part of a whole GPU.
                sharing_modes=tuple(mode for mode in modes if mode is SharingMode.TIME_SLICING),
                confidence=confidence,
                note=note or entry.note,
                facts=MappingProxyType(facts | {"memory": sources, "partitions": sources}),
            )


def _amd(document: AmdDocument) -> Iterator[Accelerator]:
    for model, entry in document.models.items():
        facts = _facts(document, model, document.vendor.sources | entry.sources)
        whole = AmdAccelerator(
            **_whole_device(document, model, entry, facts),
            driver=document.vendor.drivers[0],
            products=(*entry.device_ids, *entry.vf_device_ids),
            product_names=tuple(entry.product_names),
            partitionable=entry.layout is not None,
            allocations=_BOTH if entry.dra else (Allocation.DEVICE_PLUGIN,),
            mig_strategies=_WHOLE_STRATEGIES,
            sharing_modes=tuple(document.vendor.sharing_modes),
        )
        yield whole
        for profile, count, confidence, note, sources in _partitions(
            document, model, entry.layout, document.layouts
        ):
            compute, _, memory = profile.upper().partition("_")
            yield replace(
                whole,
                id=f"{model}/{profile}",
                partition=profile,
                title=f"{entry.title}, {compute} {memory}",
                memory_gib=None,
                memory_of=MemoryOf.DEVICE,
                per_device=count,
                partitionable=True,
                mig_strategies=_CUT_STRATEGIES,
                confidence=confidence,
                note=note or entry.note,
                facts=MappingProxyType(facts | {"partitions": sources}),
            )


def _intel(document: IntelDocument) -> Iterator[Accelerator]:
    for model, entry in document.models.items():
        family = document.families.get(entry.family)
        if family is None:
            raise _broken(document, model, f"the family {entry.family!r} does not exist")
        facts = _facts(document, model, document.vendor.sources | family.sources | entry.sources)
        yield IntelAccelerator(
            **_whole_device(document, model, entry, facts),
            driver=family.driver,
            products=(entry.dra_model,),
            resource=family.resource,
            other_resources=tuple(family.other_resources),
            labels=MappingProxyType({label: tuple(values) for label, values in entry.labels.items()}),
            device_type=family.type,
            allocations=_BOTH,
            mig_strategies=(MigStrategy.NONE,),
            sharing_modes=tuple(family.sharing_modes),
        )


def _whole_device(document: VendorDocument, model: str, entry: ModelEntry, facts: _Facts) -> dict[str, Any]:
    """Return the fields of a whole device that are alike for all vendors."""
    return {
        "id": model,
        "model": model,
        "partition": None,
        "vendor": document.vendor.id,
        "title": entry.title,
        "memory_gib": entry.memory_gib,
        "memory_of": entry.memory_of,
        "per_device": 1,
        "confidence": entry.confidence,
        "note": entry.note,
        "facts": MappingProxyType(facts),
    }


def _partitions(
    document: VendorDocument, model: str, name: str | None, layouts: Mapping[str, LayoutEntry]
) -> Iterator[tuple[str, int, Confidence, str, tuple[FactSource, ...]]]:
    """Yield the profile, count, confidence, note and sources of each partition in a model's layout."""
    if name is None:
        return
    layout = layouts.get(name)
    if layout is None:
        raise _broken(document, model, f"the layout {name!r} does not exist")
    sources = _sources(document, f"layouts.{name}", layout.sources)
    for profile, count in layout.partitions.items():
        confidence = layout.confidence.get(profile, Confidence.DOCUMENTED)
        yield profile, count, confidence, layout.notes.get(profile, ""), sources


def _mig_memory(profile: str) -> int:
    """Return the memory in the name of a MIG profile. The model of the file has validated the name."""
    match = MIG_PROFILE.fullmatch(profile)
    assert match is not None
    return int(match["gb"])


def _facts(document: VendorDocument, entry: str, groups: Mapping[str, list[str]]) -> _Facts:
    return {group: _sources(document, entry, keys) for group, keys in groups.items()}


def _sources(document: VendorDocument, entry: str, keys: Iterable[str]) -> tuple[FactSource, ...]:
    found = []
    for key in keys:
        source = document.sources.get(key)
        if source is None:
            raise _broken(document, entry, f"the source {key!r} does not exist")
        found.append(source)
    return tuple(found)


def _check_names(accelerators: Iterable[Accelerator], aliases: Mapping[str, str]) -> None:
    """Check names over all files: ids start with the vendor, no alias is an id, and quota keys are valid."""
    for each in accelerators:
        file = f"{each.vendor}.yaml"
        if not each.id.startswith(f"{each.vendor}-"):
            raise DataError(f"{file}: {each.id}: the id must start with its vendor, {each.vendor!r}")
        if each.id in aliases:
            raise DataError(f"{file}: {each.id}: is also an alias of {aliases[each.id]}")
        if len(each.device_class) > _LONGEST_DEVICE_CLASS:
            raise DataError(f"{file}: {each.id}: the DeviceClass name is too long for a quota key")


def _broken(document: VendorDocument, entry: str, message: str) -> DataError:
    return DataError(f"{document.vendor.id}.yaml: {entry}: {message}")
