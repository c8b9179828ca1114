"""The controller of LeaderWorkerSets, as its manifests run it (kubernetes-sigs/lws v0.9.0, config)."""

from __future__ import annotations

from webhook_controllers import WebhookController

GROUPS = ("leaderworkerset.x-k8s.io", "disaggregatedset.x-k8s.io")
"""The groups of its CRDs: it watches both."""

LEADER_WORKER_SETS = WebhookController(
    name="lws",
    namespace="lws-system",
    account="lws-controller-manager",
    service="lws-webhook-service",
    configuration={
        "apiVersion": "config.lws.x-k8s.io/v1alpha1",
        "kind": "Configuration",
        "internalCertManagement": {"enable": False},
    },
    pods="leaderworkerset.sigs.k8s.io/name",  # config/webhook/mutating-patch.yaml
)
