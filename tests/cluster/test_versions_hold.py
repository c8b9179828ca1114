"""The catalogue of add-ons compared with a real API server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from goldenpath.addons import addon_catalogue, version_of
from goldenpath.check import known_kinds

if TYPE_CHECKING:
    from kube_api import Api

KUBERNETES = addon_catalogue().kubernetes
OF_ADDONS = [
    (addon.id, api, kind)
    for addon in addon_catalogue()
    for api in addon.apis
    for kind in api.kinds
    if f"{api.api_version}/{kind}" in known_kinds()
]


def kinds(cluster: Api, api_version: str) -> set[str]:
    return {resource["kind"] for resource in cluster.resources(api_version)}


@pytest.mark.parametrize("api", KUBERNETES.apis, ids=lambda api: api.api_version)
def test_kubernetes_serves_the_apis_of_the_catalogue(cluster, api):
    version = cluster.send("GET", "/version").body
    at = version_of(f"{version['major']}.{version['minor']}")
    is_said = version_of(api.since) <= at and (api.until is None or at < version_of(api.until))
    assert (set(api.kinds) <= kinds(cluster, api.api_version)) == is_said


@pytest.mark.parametrize(
    ("addon", "api", "kind"), OF_ADDONS, ids=lambda each: getattr(each, "api_version", each)
)
def test_an_addon_serves_the_apis_of_the_catalogue(cluster, addon, api, kind):
    served = kinds(cluster, api.api_version)
    if not served:
        pytest.skip("needs the CRDs of the add-ons: make cluster-assets, or --crds DIR")
    assert kind in served
