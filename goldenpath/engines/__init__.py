"""The catalogue of inference engines: the metrics and arguments of each version, and how to scale on the metrics.

The facts have sources: ``data/*.yaml`` has one file for each engine, and ``scaling.yaml`` is for all engines. From them
follow the metric, query and threshold of a scaling hint, the latency goals that a histogram can show, and the state of
renamed or removed metrics. The package does not query a running Prometheus.

A new engine is one file of data; a new version is one edit of data.
"""

from goldenpath.engines._arguments import (
    Argument,
    ArgumentList,
    argument_list,
    argument_versions,
    refused_arguments,
)
from goldenpath.engines._catalogue import EngineCatalogue, engine_catalogue, load_catalogue
from goldenpath.engines._engine import Engine
from goldenpath.engines._facts import Metric, MetricKind, MetricType, ReadingKind, Signal, Source
from goldenpath.engines._hints import ScalingHint
from goldenpath.engines._metric_status import MetricState, MetricStatus
from goldenpath.engines._model_architectures import ModelArchitectures, model_architectures
from goldenpath.engines._request_arguments import request_arguments
from goldenpath.engines._versions import EngineVersion

__all__ = [
    "Argument",
    "ArgumentList",
    "Engine",
    "EngineCatalogue",
    "EngineVersion",
    "Metric",
    "MetricKind",
    "MetricState",
    "MetricStatus",
    "MetricType",
    "ModelArchitectures",
    "ReadingKind",
    "ScalingHint",
    "Signal",
    "Source",
    "argument_list",
    "argument_versions",
    "engine_catalogue",
    "load_catalogue",
    "model_architectures",
    "refused_arguments",
    "request_arguments",
]
