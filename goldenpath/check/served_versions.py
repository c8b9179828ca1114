"""Checks that the versions on a cluster serve each rendered API and each newer field.

The catalogue of add-ons (:mod:`goldenpath.addons`) has the facts. Kinds that it does not know are skipped.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml
from goldenpath.addons import KUBERNETES, addon_catalogue, version_of
from goldenpath.errors import InputError
from goldenpath.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goldenpath.addons import Addon, Feature
    from goldenpath.manifests import ManifestObject
    from goldenpath.tenancy import Platform

__all__ = ["check_catalogue_range", "check_versions"]


def check_versions(platform: Platform, objects: Sequence[ManifestObject]) -> Iterator[Finding]:
    """Find APIs and features that the versions on the cluster do not serve.

    A missing feature of an example, which is an object inside a ConfigMap, is a warning.

    Args:
        platform: the cluster.
        objects: the rendered objects for the cluster.
    """
    running = tuple(_running(platform).items())
    not_served: dict[tuple[str, str], tuple[set[str], str, str]] = {}
    features: dict[tuple[str, str], Finding] = {}
    for item, body, is_example in _bodies(objects):
        api_version, kind = str(body.get("apiVersion")), str(body.get("kind"))
        for entry, version, reason, lacking in _gaps(running, api_version, kind):
            if reason:
                kinds = not_served.setdefault((entry.id, api_version), (set(), reason, version))[0]
                kinds.add(kind)
                continue
            for feature in lacking:
                key = (entry.id, feature.title)
                if key not in features and _uses(body, feature):
                    features[key] = _feature(platform, item, entry, feature, is_example=is_example)
    for (id_, api_version), (kinds, reason, version) in sorted(not_served.items()):
        title = addon_catalogue().get(id_).title
        message = f"{title} {version} on {platform.name} does not serve {api_version} {', '.join(sorted(kinds))}: {reason}"
        yield _finding(platform, id_, "version-not-served", Severity.ERROR, message)
    yield from features.values()


def check_catalogue_range(platform: Platform) -> Iterator[Finding]:
    """Warn about versions outside the range of the catalogue: newer than its newest, or older than its oldest."""
    for id_, text in _running(platform).items():
        entry = addon_catalogue().get(id_)
        version, first, last = version_of(text), version_of(entry.first), version_of(entry.last)
        if version[: len(last)] > last:
            message = (
                f"{entry.title} {text} on {platform.name} is newer than {entry.last}, the newest version in the "
                "catalogue, so removed APIs are unknown"
            )
            fix = "Use a release of goldenpath that knows this version, or read the release notes of the add-on."
            yield _finding(platform, id_, "version-not-known", Severity.WARNING, message, fix=fix)
        elif version < first[: len(version)]:
            message = (
                f"{entry.title} {text} on {platform.name} is older than {entry.first}, the oldest version in the "
                "catalogue, so some missing APIs are unknown"
            )
            yield _finding(platform, id_, "version-not-known", Severity.WARNING, message)


def _running(platform: Platform) -> dict[str, str]:
    """Return the versions that the fleet states, by id in the catalogue."""
    return {KUBERNETES: platform.cluster.kubernetes} | {
        str(id_): text for id_, text in platform.cluster.addons.items()
    }


def _bodies(objects: Sequence[ManifestObject]) -> Iterator[tuple[ManifestObject, dict[str, Any], bool]]:
    for item in objects:
        yield item, item.body, False
        if item.kind == "ConfigMap":
            data = item.body.get("data")
            for key, text in data.items() if isinstance(data, dict) else ():
                if str(key).endswith("-example.yaml") and isinstance(text, str):
                    for body in _examples(text):
                        yield item, body, True


def _examples(text: str) -> tuple[dict[str, Any], ...]:
    try:
        return tuple(body for body in kubeyaml.load_rendered(text) if isinstance(body, dict))
    except InputError:
        return ()


def _older(text: str, since: str) -> bool:
    """Whether a version is older than another. A less precise version, such as ``2`` against ``2.6``, is not older."""
    version, wanted = version_of(text), version_of(since)
    return version < wanted[: len(version)]


def _not_served(entry: Addon, version: str, api_version: str, kind: str) -> str:
    """Return the reason why a version does not serve a kind; empty if it does."""
    api = entry.api_of(api_version, kind)
    if api is None:
        return ""
    if _older(version, api.since):
        return f"{api.since} introduced it"
    if api.until is not None and not _older(version, api.until):
        return f"{api.until} removed it"
    return ""


@lru_cache(maxsize=4096)
def _gaps(
    running: tuple[tuple[str, str], ...], api_version: str, kind: str
) -> tuple[tuple[Addon, str, str, tuple[Feature, ...]], ...]:
    """Return each add-on whose version does not serve a kind or lacks features of it.

    An entry has the add-on, its version, the reason why the kind is not served, and the missing features. The result is
    equal for all tenants of a cluster, and almost always empty.
    """
    versions, found = dict(running), []
    for entry in addon_catalogue().serving(api_version, kind):
        if (version := versions.get(entry.id)) is None:
            continue
        reason = _not_served(entry, version, api_version, kind)
        lacking = tuple(
            feature for feature in entry.features if kind in feature.kinds and _older(version, feature.since)
        )
        if reason or lacking:
            found.append((entry, version, reason, lacking))
    return tuple(found)


def _uses(body: dict[str, Any], feature: Feature) -> bool:
    pattern = None if feature.value is None else re.compile(feature.value)
    for value in _values(body, feature.field.split(".")):
        if pattern is None:
            return True
        # A key with the number 0 does not count as use: a quota of 0 forbids the resource.
        texts = (
            [key for key, number in value.items() if str(number) != "0"]
            if isinstance(value, dict)
            else [value]
        )
        if any(pattern.fullmatch(str(text)) for text in texts):
            return True
    return False


def _values(node: Any, steps: list[str]) -> Iterator[Any]:
    """Yield the values at a field. ``[]`` after a step means each entry of its list."""
    if not steps:
        yield node
        return
    name = steps[0].removesuffix("[]")
    inner = node.get(name) if isinstance(node, dict) else None
    if inner is None:
        return
    for each in inner if steps[0].endswith("[]") and isinstance(inner, list) else (inner,):
        yield from _values(each, steps[1:])


def _feature(
    platform: Platform, item: ManifestObject, entry: Addon, feature: Feature, *, is_example: bool
) -> Finding:
    where, version = f"the example in {item}" if is_example else str(item), _running(platform)[entry.id]
    message = (
        f"{entry.title} {version} on {platform.name} has no {feature.title}, which {where} uses; {feature.since} "
        f"introduced it. In older versions, {feature.otherwise}"
    )
    severity = Severity.WARNING if is_example else Severity(feature.severity)
    return _finding(platform, entry.id, "feature-not-served", severity, message)


def _finding(
    platform: Platform, id_: str, rule: str, severity: Severity, message: str, *, fix: str = ""
) -> Finding:
    field = "kubernetes" if id_ == KUBERNETES else f"addons.{id_}"
    fix = fix or f"Upgrade it, or correct `{field}` of {platform.name} in the fleet."
    return Finding("", f"Cluster {platform.name}", field, rule, severity, message, fix)
