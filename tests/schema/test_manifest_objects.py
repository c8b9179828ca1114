"""The Kubernetes objects among the documents of rendered files."""

from __future__ import annotations

from typing import Any

import pytest

from goldenpath.errors import InputError
from goldenpath.manifests import ManifestObject, Manifests, RenderedFile, is_kubernetes_object


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"apiVersion": "v1", "kind": "Namespace"}, True),
        ({"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization"}, True),
        ({"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}, False),
        ({"apiVersion": "backstage.io/v1alpha1", "kind": "System"}, False),
        ({"kind": "Namespace"}, False),
        ({"apiVersion": "v1"}, False),
        ({"golden_path": "tenant/v1"}, False),
        (["v1"], False),
        ("text", False),
    ],
)
def test_valid_manifests_have_no_findings(document: Any, expected: bool) -> None:
    assert is_kubernetes_object(document) is expected


def test_objects_come_in_order_with_their_files_and_are_read_once() -> None:
    manifests = Manifests(
        (
            RenderedFile("README.md", "---\napiVersion: v1\nkind: Namespace\n---\n"),
            RenderedFile(
                "a.yaml",
                "apiVersion: v1\nkind: A\nmetadata: {name: x, namespace: team}\n---\napiVersion: v1\nkind: B\n",
            ),
            RenderedFile(
                "kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
            ),
            RenderedFile("b.yaml", "# nothing but a comment\n"),
        )
    )
    objects = manifests.objects()
    assert [(item.file, str(item), item.api_version) for item in objects] == [
        ("a.yaml", "A team/x", "v1"),
        ("a.yaml", "B ", "v1"),
    ]
    assert manifests.objects() is objects


def test_an_invalid_yaml_file_is_named() -> None:
    with pytest.raises(InputError, match=r"broken\.yaml"):
        Manifests((RenderedFile("broken.yaml", "a: [\n"),)).objects()


def test_an_object_without_metadata_has_no_name() -> None:
    item = ManifestObject("a.yaml", {"apiVersion": "v1", "kind": "A", "metadata": None})
    assert (item.name, item.namespace) == ("", "")
