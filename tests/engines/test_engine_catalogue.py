"""The engine catalogue: versions, removed metrics, signals, and invalid data."""

from __future__ import annotations

import re
import shutil
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from goldenpath.engines import (
    EngineVersion,
    MetricKind,
    MetricState,
    Signal,
    engine_catalogue,
    load_catalogue,
)
from goldenpath.errors import DataError, InputError

CATALOGUE = engine_catalogue()
VLLM = CATALOGUE.get("vllm")
SHIPPED = Path(str(files("goldenpath.engines")))


def test_a_request_without_an_engine_means_vllm():
    assert CATALOGUE.default is VLLM
    assert CATALOGUE.names == ("llama-cpp", "sglang", "tensorrt-llm", "vllm")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("vlm", "vllm"),
        ("VLLM", "vllm"),
        ("llama.cpp", "llama-cpp"),
        ("tensorrt_llm", "tensorrt-llm"),
        ("x", None),
    ],
)
def test_a_misspelt_engine_gets_the_nearest_name(typed, meant):
    assert CATALOGUE.nearest(typed) == meant
    with pytest.raises(InputError) as caught:
        CATALOGUE.get(typed)
    assert caught.value.problems[0].nearest == meant


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("0.9.2", "0.10.0"),
        ("0.10.1", "0.10.1.1"),
        ("0.5.10", "0.5.10.post1"),
        ("0.5.10.post1", "0.5.11"),
        ("b5554", "b9842"),
    ],
)
def test_versions_are_ordered_by_number(earlier, later):
    assert EngineVersion.parse(earlier) < EngineVersion.parse(later)


@pytest.mark.parametrize(
    ("one", "same"), [("v0.12", "0.12.0"), ("0.33.0+cu130", "0.33.0"), ("1.3.0rc22", "1.3.0")]
)
def test_versions_written_in_two_ways_are_one(one, same):
    assert EngineVersion.parse(one) == EngineVersion.parse(same)


@pytest.mark.parametrize("text", ["", "latest", "0.12.0\n", "0..1", "1.2.3.4.5", "٠.١"])
def test_an_invalid_version_is_refused(text):
    with pytest.raises(ValueError, match="is not a version"):
        EngineVersion.parse(text)


@pytest.mark.parametrize("version", ["0.9.2", "0.34.0", "latest"])
def test_a_version_outside_the_range_is_refused_with_the_range(version):
    assert not VLLM.knows(version)
    with pytest.raises(InputError, match=r"knows vLLM from 0\.10\.0 to 0\.33\.0") as caught:
        VLLM.signals(version)
    assert caught.value.problems[0].rule == "unknown-engine-version"


def test_a_post_release_of_the_last_version_is_inside_the_range():
    assert CATALOGUE.get("sglang").knows("0.5.23.post1")


@pytest.mark.parametrize(
    ("engine", "version", "name", "state", "use"),
    [
        ("vllm", "0.10.2", "vllm:gpu_cache_usage_perc", MetricState.EXPORTED, "vllm:gpu_cache_usage_perc"),
        ("vllm", "0.11.0", "vllm:gpu_cache_usage_perc", MetricState.HIDDEN, "vllm:kv_cache_usage_perc"),
        ("vllm", "0.12.0", "gpu_cache_usage_perc", MetricState.REMOVED, "vllm:kv_cache_usage_perc"),
        (
            "vllm",
            "0.14.1",
            "vllm:time_per_output_token_seconds",
            MetricState.HIDDEN,
            "vllm:inter_token_latency_seconds",
        ),
        (
            "vllm",
            "0.33.0",
            "vllm:time_per_output_token_seconds_bucket",
            MetricState.REMOVED,
            "vllm:inter_token_latency_seconds",
        ),
        ("vllm", "0.10.0", "vllm:inter_token_latency_seconds", MetricState.NOT_YET, None),
        ("vllm", "0.33.0", "vllm:num_requests_swapped", MetricState.REMOVED, None),
        ("vllm", "0.33.0", "vllm:num_request_waiting", MetricState.UNKNOWN, "vllm:num_requests_waiting"),
        (
            "vllm",
            "0.33.0",
            "vllm:num_requests_waiting_bucket",
            MetricState.UNKNOWN,
            "vllm:num_requests_waiting",
        ),
        ("tensorrt-llm", "1.2.1", "trtllm_num_requests_waiting", MetricState.NOT_YET, None),
        (
            "tensorrt-llm",
            "1.3.0rc29",
            "time_to_first_token_seconds",
            MetricState.REMOVED,
            "trtllm_time_to_first_token_seconds",
        ),
        ("llama-cpp", "b9842", "kv_cache_usage_ratio", MetricState.REMOVED, None),
    ],
)
def test_the_state_of_a_metric_depends_on_the_version(engine, version, name, state, use):
    status = CATALOGUE.get(engine).metric(name, version)
    assert (status.state, status.use) == (state, use)
    assert status.exported == (state is MetricState.EXPORTED)


def test_a_renamed_metric_names_its_last_version_and_replacement():
    assert VLLM.metric("gpu_cache_usage_perc").message == (
        "vllm:gpu_cache_usage_perc was removed in vLLM 0.12.0; use vllm:kv_cache_usage_perc"
    )


@pytest.mark.parametrize("engine", CATALOGUE, ids=lambda engine: engine.name)
def test_every_fact_has_its_source_and_date(engine):
    metrics = list(engine)
    assert len(metrics) >= 7
    for metric in metrics:
        sources = engine.sources_of(metric)
        assert sources
        for source in sources:
            assert source.project
            assert source.file
            assert source.version
            assert source.date >= date(2025, 1, 1)


def test_engines_without_a_histogram_offer_no_latency():
    llama = CATALOGUE.get("llama-cpp")
    assert not any(metric.kind is MetricKind.HISTOGRAM for metric in llama)
    assert llama.signals() == (Signal.TOKENS, Signal.QUEUE, Signal.CONCURRENCY)


def test_signals_grow_with_the_version():
    tensorrt = CATALOGUE.get("tensorrt-llm")
    assert tensorrt.signals("1.2.1") == (Signal.LATENCY,)
    assert tensorrt.signals("1.3.0rc29") == tuple(Signal)


def test_buckets_of_a_metric_that_has_none_are_refused():
    with pytest.raises(InputError, match="is not a histogram"):
        VLLM.buckets("vllm:num_requests_waiting")
    with pytest.raises(InputError, match=r"removed in vLLM 0\.15\.0; use vllm:inter_token_latency_seconds"):
        VLLM.buckets("vllm:time_per_output_token_seconds")


def test_the_option_that_replaces_buckets_is_known_from_its_version_on():
    assert VLLM.buckets_option("0.31.0") is None
    assert VLLM.buckets_option("0.32.0") == "--custom-histogram-buckets"


@pytest.fixture
def copied(tmp_path):
    """A copy of the shipped data that a test may break."""
    shutil.copy(SHIPPED / "scaling.yaml", tmp_path)
    shutil.copytree(SHIPPED / "data", tmp_path / "data")
    load_catalogue(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("data/vllm.yaml", "title: vLLM", "title: vLLM\nextra: 1", "extra: Extra inputs"),
        ("data/vllm.yaml", "title: vLLM", "title: 7", "title: Input should be a valid string"),
        ("data/vllm.yaml", "name: vllm", "name: vlm", "does not match the file's name"),
        ("data/vllm.yaml", 'default_version: "0.33.0"', 'default_version: "0.34.0"', "is outside"),
        ("data/vllm.yaml", 'default_version: "0.33.0"', "default_version: newest", "is not a version"),
        ("data/vllm.yaml", 'date: "2025-07-25"', 'date: "last July"', "valid date"),
        ("data/vllm.yaml", 'queue: ["vllm:num_requests_waiting"]', 'queue: ["vllm:gone"]', "is not listed"),
        (
            "data/vllm.yaml",
            'queue: ["vllm:num_requests_waiting"]',
            'queue: ["vllm:generation_tokens_total"]',
            "which is not a gauge",
        ),
        ("data/vllm.yaml", 'renamed_to: "vllm:kv_cache_usage_perc"', 'renamed_to: "vllm:x"', "is not listed"),
        ("data/vllm.yaml", "0.75 1 2.5", "0.75 2.5 1", "must be positive and ascending"),
        ("data/vllm.yaml", "0.75 1 2.5", "0.75 one 2.5", "must be numbers"),
        ("data/vllm.yaml", "buckets: request,", "", "a histogram must have buckets"),
        ("data/vllm.yaml", 'hidden_in: "0.11.0"', 'hidden_in: "0.12.0"', "must be ascending"),
        ("data/vllm.yaml", "name: vllm", "name: [vllm", "cannot be read"),
        ("data/sglang.yaml", "source: [", 'source: ["nowhere", ', "source 'nowhere' is not listed"),
        ("scaling.yaml", '    target: "5"\n', "", "set both target and target_source"),
        ("scaling.yaml", "polling_source: production-stack", "polling_source: hearsay", "hearsay"),
        ("scaling.yaml", "polling_seconds: 15", 'polling_seconds: "15"', "polling_seconds"),
    ],
)
def test_broken_data_is_refused_with_its_file_and_place(copied, file, old, new, complaint):
    path = copied / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(DataError, match=re.escape(complaint)) as caught:
        load_catalogue(copied)
    assert str(caught.value).startswith("engines/")
    assert path.name in str(caught.value)


def test_a_catalogue_without_the_default_engine_is_refused(copied):
    (copied / "data" / "vllm.yaml").unlink()
    with pytest.raises(DataError, match=r"vllm\.yaml is missing"):
        load_catalogue(copied)


def test_a_catalogue_without_its_common_facts_is_refused(copied):
    (copied / "scaling.yaml").unlink()
    with pytest.raises(DataError, match=r"scaling\.yaml: cannot be read"):
        load_catalogue(copied)
