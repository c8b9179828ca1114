"""Predicted KV caches compared with published measurements (:mod:`measured_kv_caches`)."""

from __future__ import annotations

import statistics

import pytest
from measured_kv_caches import measured_kv_caches

from goldenpath.models import model_catalogue
from goldenpath.sizing import fit
from goldenpath.sizing.devices import GIB


def test_measured_kv_caches_are_met() -> None:
    found = [one.fit.kv_tokens.value / one.tokens - 1 for one in measured_kv_caches()]
    assert statistics.median(map(abs, found)) <= 0.03
    assert max(map(abs, found)) <= 0.10
    assert max(found) <= 0.05


def test_a_device_has_no_more_kv_cache_than_memory() -> None:
    one = fit(model_catalogue().get("Qwen/Qwen3-0.6B"), "nvidia-l4-24gb")
    assert one.weights_gib + one.overhead_gib + one.pool_gib.value == pytest.approx(
        0.92 * one.device.usable_gib
    )
    assert one.pool_gib.value * GIB > 0
