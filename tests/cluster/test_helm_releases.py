"""A team's own chart under Flux's real helm-controller, from the HelmRelease and OCIRepository that goldenpath renders.

Only the registry differs: it is on loopback, without TLS. The chart is signed, and source-controller verifies it.
"""

from __future__ import annotations

import base64
import copy
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import crd_files
import pytest
from components import components, from_modules
from helm import CONTROLLER, helm_controller, push_chart
from kube_api import eventually

from goldenpath.intake import builtin_library
from goldenpath.oci.registry_address import RegistryAddress
from goldenpath.oci.registry_client import RegistryClient
from goldenpath.pipeline import Parent, Tenants, parse

sys.path.append(str(Path(__file__).parent.parent / "artifacts"))
from forged_artifacts import new_key
from local_registry import local_registry, missing_registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flux import Flux
    from live_tenants import LiveTenant
    from running_platform import RunningPlatform

    from goldenpath.signatures.signing_keys import SigningKey

MISSING = components()[CONTROLLER].missing()
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}: make cluster-assets")
RELEASE = {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease"}
SETTINGS = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"note": {{ .Values.note | quote }}}}'


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


@dataclass
class Charts:
    """A tenant, and what it brings as charts."""

    platform: RunningPlatform
    tenant: LiveTenant
    client: RegistryClient
    key: SigningKey
    versions: dict[str, int] = field(default_factory=dict)

    def release(self, name: str, **files: Any) -> None:
        """Push a chart and apply what goldenpath renders for it, by digest."""
        version = self.versions[name] = self.versions.get(name, 0) + 1
        templates = {f"templates/{path}.yaml": body for path, body in files.items()}
        if crd := templates.pop("templates/crd.yaml", None):
            templates["crds/crd.yaml"] = crd
        digest = push_chart(self.client, self.key, name, f"{version}.0.0", templates)
        for body in self.rendered(name, digest):
            answer = self.platform.api.apply(body)
            assert answer.ok, answer.message

    def rendered(self, name: str, digest: str) -> list[dict[str, Any]]:
        pipeline, parent = self.platform.pipeline, Parent(self.tenant.tenancy.tenant)
        request = {
            "golden_path": "helm-release/v1",
            "name": name,
            "tenant": self.tenant.name,
            "inputs": {
                "chart": f"oci://registry.example.org/{name}",
                "version": digest,
                "verify": "cosign-key",
                "verify_secret": "chart-keys",
                "values": {"note": "hello"},
            },
        }
        tenants = Tenants(lambda _: parent, lambda: [self.tenant.name])
        spec = parse(request, fleet=pipeline.fleet, library=builtin_library(), tenants=tenants)
        bodies = [copy.deepcopy(item.body) for item in pipeline.render(spec, parent=parent).objects()]
        for body in bodies:
            if body["kind"] == "OCIRepository":
                body["spec"] |= {"url": f"oci://{self.client.address.host}/{name}", "insecure": True}
            if body["kind"] == "HelmRelease":
                body["spec"] |= {"interval": "5s"}
                body["spec"]["install"]["remediation"]["retries"] = 0
        return bodies

    def condition(self, name: str, kind: str = "Ready") -> tuple[str, str]:
        """Status and message of a condition of a HelmRelease."""
        found = self.platform.api.get(RELEASE | {"metadata": self.place(name)}).body
        for condition in found.get("status", {}).get("conditions", []):
            if condition["type"] == kind:
                return condition["status"], condition["message"]
        return "", ""

    def says(self, name: str, status: str, words: str) -> str:
        """The message of a release once it is ready or not, and has these words."""
        eventually(
            lambda: (said := self.condition(name))[0] == status and words in said[1],
            lambda: f"{name} is Ready={status} with {words!r}, but {self.condition(name)}",
            90,
        )
        return self.condition(name)[1]

    def place(self, name: str) -> dict[str, Any]:
        return {"name": name, "namespace": self.tenant.name}

    def get(self, name: str, kind: str = "ConfigMap") -> dict[str, Any]:
        answer = self.platform.api.get({"apiVersion": "v1", "kind": kind, "metadata": self.place(name)})
        return answer.body if answer.ok else {}


@pytest.fixture(scope="module")
def charts(platform: RunningPlatform, flux: Flux) -> Iterator[Charts]:
    assert flux
    if reason := missing_registry():
        pytest.skip(reason)
    definitions = from_modules()
    crd_files.load(platform.api, definitions, crd_files.of_groups(definitions, "helm.toolkit.fluxcd.io"))
    tenant, key = platform.tenant(), new_key()
    public = base64.b64encode(key.public.pem.encode()).decode()
    secret = {"apiVersion": "v1", "kind": "Secret", "data": {"cosign.pub": public}}
    assert platform.api.apply(secret | {"metadata": {"name": "chart-keys", "namespace": tenant.name}}).ok
    with tempfile.TemporaryDirectory(prefix="gp-") as name:
        folder = Path(name)
        with (
            local_registry(folder / "registry") as host,
            RegistryClient(RegistryAddress.parse(f"oci://{host}/charts")) as client,
            helm_controller(platform, folder),
        ):
            yield Charts(platform, tenant, client, key)


def test_a_chart_is_installed_and_its_next_digest_is_an_upgrade(charts: Charts) -> None:
    charts.release("labels", settings=SETTINGS)
    charts.says("labels", "True", "install succeeded")
    assert charts.get("settings")["data"] == {"note": "hello"}

    charts.release("labels", settings=SETTINGS, more=config_map("more", added="1"))
    eventually(lambda: charts.get("more"), lambda: f"upgraded: {charts.condition('labels')}", 90)
    charts.says("labels", "True", "upgrade succeeded")


def test_a_hand_edit_is_reported_and_kept(charts: Charts) -> None:
    charts.release("drifting", own=config_map("own", a="1"))
    charts.says("drifting", "True", "install succeeded")
    changed = charts.get("own") | {"data": {"a": "2"}}
    assert charts.platform.api.replace(changed).ok

    def said() -> str:
        events = charts.platform.api.list("v1", "Event", charts.tenant.name)
        return next((e["message"] for e in events if e.get("reason") == "DriftDetected"), "")

    assert "ConfigMap" in eventually(said, "drift is told", 90)
    assert charts.get("own")["data"] == {"a": "2"}


def test_a_release_uses_the_tenants_account_and_not_fluxs(charts: Charts) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "more"},
        "spec": {"hard": {"pods": "1k"}},
    }
    charts.release("greedy", quota=quota)

    account = f"system:serviceaccount:{charts.tenant.name}:{charts.tenant.name}-reconciler"
    assert "resourcequotas" in charts.says("greedy", "False", account)
    assert charts.get("more", "ResourceQuota") == {}


def test_an_object_of_another_owner_is_not_taken_over(charts: Charts) -> None:
    theirs = config_map("theirs", owner="another")
    theirs["metadata"]["namespace"] = charts.tenant.name
    assert charts.platform.api.apply(theirs).ok
    charts.release("taking", theirs=config_map("theirs", owner="chart"))

    charts.says("taking", "False", "theirs")
    assert charts.get("theirs")["data"] == {"owner": "another"}


def test_custom_resource_definitions_of_a_chart_are_skipped(charts: Charts) -> None:
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.charts.example.org"},
        "spec": {
            "group": "charts.example.org",
            "names": {"kind": "Thing", "plural": "things"},
            "scope": "Namespaced",
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object"}},
                }
            ],
        },
    }
    charts.release("defining", crd=crd, own=config_map("defined", a="1"))

    charts.says("defining", "True", "install succeeded")

    assert not charts.platform.api.get(crd).ok


def test_an_unsigned_chart_is_not_installed(charts: Charts) -> None:
    signed, charts.key = charts.key, new_key()
    try:
        charts.release("foreign", own=config_map("foreign", a="1"))
    finally:
        charts.key = signed

    source = {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository"}
    place = source | {"metadata": charts.place("foreign")}

    def refused() -> bool:
        found = charts.platform.api.get(place).body.get("status", {}).get("conditions", [])
        return {"SourceVerified": "False"}.items() <= {each["type"]: each["status"] for each in found}.items()

    eventually(refused, "the signature is refused", 60)
    charts.says("foreign", "False", "OCIRepository")
    assert charts.get("foreign") == {}
