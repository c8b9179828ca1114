"""Labels of the probe's namespace; tests/cluster runs the probe with Kueue."""

from __future__ import annotations

import pytest

from goldenpath.conformance.gang_probe import managed_labels


@pytest.mark.parametrize(
    ("configuration", "labels"),
    [
        (None, {"goldenpath.dev/tenant": "probe"}),
        ("{}", {}),
        ("managedJobsNamespaceSelector: {matchLabels: {kueue: managed}}", {"kueue": "managed"}),
        (
            (
                "managedJobsNamespaceSelector: {matchExpressions: [{key: team, operator: Exists}, "
                "{key: stage, operator: In, values: [test, production]}]}"
            ),
            {"team": "probe", "stage": "test"},
        ),
        # Kueue's own default: every namespace but these.
        (
            (
                "managedJobsNamespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, "
                "operator: NotIn, values: [kube-system, kueue-system]}]}"
            ),
            {},
        ),
    ],
)
def test_the_namespace_has_the_labels_of_the_selector(
    configuration: str | None, labels: dict[str, str]
) -> None:
    assert managed_labels(configuration, "probe") == labels
