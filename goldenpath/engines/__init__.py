"""The catalogue of inference engines: which metrics each version exports, and how to scale on them.

For: facts with their sources (``data/*.yaml``, one file for each engine; ``scaling.yaml`` for what holds for
all), and what follows from them: the metric, query and threshold of a scaling hint, which latency goals a
histogram can show, and what became of a metric that was renamed or removed.

Not for: what a request says (``spec``), writing manifests (``render``), asking a running Prometheus.

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
from goldenpath.engines._engine import Engine, MetricState, MetricStatus
from goldenpath.engines._facts import Metric, MetricKind, MetricType, ReadingKind, Signal, Source
from goldenpath.engines._hints import ScalingHint
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
