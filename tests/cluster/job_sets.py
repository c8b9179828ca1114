"""The controllers of JobSets and of TrainJobs, as their manifests run them.

kubernetes-sigs/jobset v0.12.0 (config/components), kubeflow/trainer v2.3.0 (manifests/base).
"""

from __future__ import annotations

from webhook_controllers import WebhookController

GROUPS = ("jobset.x-k8s.io", "trainer.kubeflow.org")
"""The groups of their CRDs."""

JOB_SETS = WebhookController(
    name="jobset",
    namespace="jobset-system",
    account="jobset-controller-manager",
    service="jobset-webhook-service",
    configuration={
        "apiVersion": "config.jobset.x-k8s.io/v1alpha1",
        "kind": "Configuration",
        "internalCertManagement": {"enable": False},
    },
    pods="jobset.sigs.k8s.io/jobset-name",  # config/components/webhook/patches
)
TRAIN_JOBS = WebhookController(
    name="kubeflow-trainer",
    namespace="kubeflow-system",
    account="kubeflow-trainer-controller-manager",
    service="kubeflow-trainer-controller-manager",
    configuration={
        "apiVersion": "config.trainer.kubeflow.org/v1alpha1",
        "kind": "Configuration",
        "certManagement": {"enable": False},
    },
    is_shown_certificates=False,
)
