"""From the data files to the catalogue: read, validate, and check what holds between entries.

Every failure is a ``DataError`` that names the file and the entry.
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
"""Not Kubernetes' limit for the name, but that of the quota key's part it becomes
(``requests.deviceclass.resource.kubernetes.io/<class>``)."""

_D = TypeVar("_D", bound=VendorDocument)
_Facts = dict[str, tuple[FactSource, ...]]


_DOCUMENTS: Final[dict[str, type[VendorDocument]]] = {
    "nvidia": NvidiaDocument,
    "amd": AmdDocument,
    "intel": IntelDocument,
}
"""By vendor, the shape of its file."""


def load_catalogue(folder: Traversable | None = None) -> Catalogue:
    """Read ``nvidia.yaml``, ``amd.yaml`` and ``intel.yaml`` of ``folder`` (by default, those shipped)."""
    folder = folder or _shipped()
    return _catalogue(
        {id_: _validated(_read(folder / f"{id_}.yaml"), shape, id_) for id_, shape in _DOCUMENTS.items()}
    )


def load_with_additions(additions: Mapping[str, Mapping[str, Any]]) -> Catalogue:
    """The shipped catalogue with an organisation's own models.

    Args:
        additions: by vendor, ``models`` as in the shipped files, with the ``sources`` and ``layouts`` that they name
            and the shipped files do not have.

    Raises:
        InputError: with every problem, each with its path below the additions.
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
                        Problem(f"{id_}.{part}.{name}", "duplicate", "is in the catalogue already")
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
                    raise _broken(document, model, f"the alias {alias!r} is taken by {aliases[alias]}")
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
        products = (*entry.products, *entry.reported_products)
        facts = _facts(document, model, document.vendor.sources | entry.sources)
        whole = NvidiaAccelerator(
            id=model,
            model=model,
            partition=None,
            vendor=document.vendor.id,
            title=entry.title,
            memory_gib=entry.memory_gib,
            memory_of=entry.memory_of,
            per_device=1,
            driver=document.vendor.drivers[0],
            products=products,
            architecture=entry.architecture,
            allocations=_BOTH,
            mig_strategies=_WHOLE_STRATEGIES,
            sharing_modes=modes,
            confidence=entry.confidence,
            note=entry.note,
            facts=MappingProxyType(facts),
        )
        yield whole
        for profile, count, confidence, note, sources in _cuts(
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
                # MPS is not supported on devices with MIG, and a vGPU is made of a GPU, not of its slice's name.
                sharing_modes=tuple(mode for mode in modes if mode is SharingMode.TIME_SLICING),
                confidence=confidence,
                note=note or entry.note,
                facts=MappingProxyType(facts | {"memory": sources, "partitions": sources}),
            )


def _amd(document: AmdDocument) -> Iterator[Accelerator]:
    for model, entry in document.models.items():
        products = (*entry.device_ids, *entry.vf_device_ids)
        allocations = _BOTH if entry.dra else (Allocation.DEVICE_PLUGIN,)
        facts = _facts(document, model, document.vendor.sources | entry.sources)
        whole = AmdAccelerator(
            id=model,
            model=model,
            partition=None,
            vendor=document.vendor.id,
            title=entry.title,
            memory_gib=entry.memory_gib,
            memory_of=entry.memory_of,
            per_device=1,
            driver=document.vendor.drivers[0],
            products=products,
            product_names=tuple(entry.product_names),
            partitionable=entry.layout is not None,
            allocations=allocations,
            mig_strategies=_WHOLE_STRATEGIES,
            sharing_modes=tuple(document.vendor.sharing_modes),
            confidence=entry.confidence,
            note=entry.note,
            facts=MappingProxyType(facts),
        )
        yield whole
        for profile, count, confidence, note, sources in _cuts(
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
            raise _broken(document, model, f"no family {entry.family!r}")
        facts = _facts(document, model, document.vendor.sources | family.sources | entry.sources)
        yield IntelAccelerator(
            id=model,
            model=model,
            partition=None,
            vendor=document.vendor.id,
            title=entry.title,
            memory_gib=entry.memory_gib,
            memory_of=entry.memory_of,
            per_device=1,
            driver=family.driver,
            products=(entry.dra_model,),
            resource=family.resource,
            other_resources=tuple(family.other_resources),
            labels=MappingProxyType({label: tuple(values) for label, values in entry.labels.items()}),
            device_type=family.type,
            allocations=_BOTH,
            mig_strategies=(MigStrategy.NONE,),
            sharing_modes=tuple(family.sharing_modes),
            confidence=entry.confidence,
            note=entry.note,
            facts=MappingProxyType(facts),
        )


def _cuts(
    document: VendorDocument, model: str, name: str | None, layouts: Mapping[str, LayoutEntry]
) -> Iterator[tuple[str, int, Confidence, str, tuple[FactSource, ...]]]:
    """Each partition of a model's layout: profile, count, confidence, note, sources."""
    if name is None:
        return
    layout = layouts.get(name)
    if layout is None:
        raise _broken(document, model, f"no layout {name!r}")
    sources = _sources(document, f"layouts.{name}", layout.sources)
    for profile, count in layout.partitions.items():
        confidence = layout.confidence.get(profile, Confidence.DOCUMENTED)
        yield profile, count, confidence, layout.notes.get(profile, ""), sources


def _mig_memory(profile: str) -> int:
    """The memory in a profile's own name; the name's form was checked with the file."""
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
            raise _broken(document, entry, f"no source {key!r}")
        found.append(source)
    return tuple(found)


def _check_names(accelerators: Iterable[Accelerator], aliases: Mapping[str, str]) -> None:
    """What holds of names over all files: the vendor leads, aliases are no ids, quota keys stay legal."""
    for each in accelerators:
        file = f"{each.vendor}.yaml"
        if not each.id.startswith(f"{each.vendor}-"):
            raise DataError(f"{file}: {each.id}: an id begins with its vendor, {each.vendor!r}")
        if each.id in aliases:
            raise DataError(f"{file}: {each.id}: is also an alias of {aliases[each.id]}")
        if len(each.device_class) > _LONGEST_DEVICE_CLASS:
            raise DataError(f"{file}: {each.id}: its DeviceClass name is too long for a quota key")


def _broken(document: VendorDocument, entry: str, message: str) -> DataError:
    return DataError(f"{document.vendor.id}.yaml: {entry}: {message}")
