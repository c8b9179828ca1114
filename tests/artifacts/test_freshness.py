"""`status` compares the serials of the commit, of the registry and of the cluster."""

from __future__ import annotations

import pytest

from goldenpath.artifacts.index_freshness import alerts_of

COMMIT = "a" * 40


@pytest.mark.parametrize(
    ("registry", "applied", "is_late", "rules"),
    [
        (7, 7, True, []),
        (6, 6, True, ["index-behind-commit"]),
        (6, 6, False, []),
        (7, 6, True, ["index-behind-registry"]),
        (7, 6, False, []),
        (6, 7, False, ["index-moved-back"]),
        (6, 7, True, ["index-moved-back", "index-behind-commit"]),
        (6, 5, True, ["index-behind-commit", "index-behind-registry"]),
        (7, None, True, ["index-not-applied"]),
        (7, None, False, []),
        (None, 6, True, ["index-behind-registry"]),
        (8, 8, True, []),
    ],
)
def test_alerts(registry, applied, is_late, rules):
    found = list(alerts_of(7, COMMIT, registry, applied, is_late=is_late))
    assert [each.rule for each in found] == rules
    assert all(each.message for each in found)
