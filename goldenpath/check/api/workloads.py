"""Rules for Deployments, StatefulSets, DaemonSets, ReplicaSets, Jobs, CronJobs and disruption budgets.

Source: ``pkg/apis/apps/validation``, ``pkg/apis/batch/validation`` and ``pkg/apis/policy/validation`` of Kubernetes 1.37.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.api.metadata import check_labels, selects
from goldenpath.check.api.pods import check_mounts
from goldenpath.check.api.violation import ApiRuleViolation, Rule, below, only_with
from goldenpath.check.formats import is_dns_label
from goldenpath.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RULES"]

_MOST_PARALLEL: Final = 100_000
_HUNDRED: Final = 100
_CRON_JOB_NAME: Final = 52  # a CronJob adds eleven characters to the name of each Job
_OTHER_LABELS: Final = "the selector does not match the labels of the template"
_SET_LABELS: Final = "Set the labels of the selector on the template."


def _selector(spec: dict[str, Any], *, may_be_empty: bool = False) -> Iterator[ApiRuleViolation]:
    if "selector" not in spec and not may_be_empty:
        return  # the schema reports it
    selector = spec.get("selector", {})
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        if not may_be_empty:
            yield ApiRuleViolation(
                "selector", "selector", "the selector is empty", "Select the template's Pods by a label."
            )
    elif not selects(selector, _labels(spec)):
        yield ApiRuleViolation("template.metadata.labels", "selector", _OTHER_LABELS, _SET_LABELS)


def _labels(spec: dict[str, Any]) -> dict[str, str]:
    labels: dict[str, str] = spec["template"].get("metadata", {}).get("labels", {})
    return labels


def _mounts(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    claims = [
        claim["metadata"]["name"]
        for claim in spec.get("volumeClaimTemplates", ())
        if claim.get("metadata", {}).get("name")
    ]
    return below("template.spec", check_mounts(spec.get("template", {}).get("spec", {}), claims))


def _always(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    pod = spec["template"].get("spec", {})
    if pod.get("restartPolicy") not in {None, "", "Always"}:
        yield ApiRuleViolation(
            "template.spec.restartPolicy",
            "restart-policy",
            f"{pod['restartPolicy']} is only for Jobs",
            "Use Always.",
        )
    if "activeDeadlineSeconds" in pod:
        yield ApiRuleViolation(
            "template.spec.activeDeadlineSeconds",
            "restart-policy",
            "a deadline is only for Jobs",
            "Remove it.",
        )


def _deployment(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    yield from _selector(spec)
    yield from _always(spec)
    if "progressDeadlineSeconds" in spec and spec["progressDeadlineSeconds"] <= spec.get(
        "minReadySeconds", 0
    ):
        message = f"{spec['progressDeadlineSeconds']} is not above minReadySeconds"
        yield ApiRuleViolation("progressDeadlineSeconds", "rollout", message, "Raise it.")
    yield from _rolling(spec.get("strategy", {}), "strategy", RECREATE)
    update = spec.get("strategy", {}).get("rollingUpdate", {})
    if _is_zero(update.get("maxUnavailable", "25%")) and _is_zero(update.get("maxSurge", "25%")):
        yield ApiRuleViolation(
            "strategy.rollingUpdate.maxUnavailable",
            "rollout",
            "the roll-out cannot progress, because maxUnavailable and maxSurge are 0",
            "Raise one of the two.",
        )


RECREATE: Final = frozenset({"Recreate", "OnDelete"})


def _rolling(strategy: dict[str, Any], place: str, others: frozenset[str]) -> Iterator[ApiRuleViolation]:
    if strategy.get("type") in others and "rollingUpdate" in strategy:
        yield ApiRuleViolation(
            f"{place}.rollingUpdate",
            "rollout",
            f"does not apply to the type {strategy['type']}",
            "Remove it, or use RollingUpdate.",
        )
    update = strategy.get("rollingUpdate", {})
    yield from _at_most_all(update, "maxUnavailable", f"{place}.rollingUpdate.")


def _at_most_all(value: dict[str, Any], field: str, place: str = "") -> Iterator[ApiRuleViolation]:
    text = value.get(field)
    if isinstance(text, str) and text.endswith("%") and int(text[:-1]) > _HUNDRED:
        yield ApiRuleViolation(f"{place}{field}", "rollout", f"{text} is above 100%", "Use at most 100%.")


def _is_zero(value: Any) -> bool:
    return str(value).removesuffix("%").strip("0") == ""


def _stateful_set(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    yield from _selector(spec)
    yield from _always(spec)
    yield from _rolling(spec.get("updateStrategy", {}), "updateStrategy", RECREATE)
    update = spec.get("updateStrategy", {}).get("rollingUpdate", {})
    if "maxUnavailable" in update and _is_zero(update["maxUnavailable"]):
        yield ApiRuleViolation(
            "updateStrategy.rollingUpdate.maxUnavailable", "rollout", "0 stops every update", "Use 1 or more."
        )
    if spec.get("serviceName") and not is_dns_label(spec["serviceName"]):
        yield ApiRuleViolation(
            "serviceName", "name", f"{shown(spec['serviceName'])} is not a DNS label", "Name a Service."
        )


def _daemon_set(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    yield from _selector(spec)
    yield from _always(spec)
    yield from _rolling(spec.get("updateStrategy", {}), "updateStrategy", frozenset({"OnDelete"}))
    update = spec.get("updateStrategy", {}).get("rollingUpdate", {})
    unavailable, surge = update.get("maxUnavailable", 1), update.get("maxSurge", 0)
    if _is_zero(unavailable) and _is_zero(surge):
        yield ApiRuleViolation(
            "updateStrategy.rollingUpdate.maxUnavailable",
            "rollout",
            "the roll-out cannot progress, because maxUnavailable and maxSurge are 0",
            "Raise one of the two.",
        )
    if not _is_zero(surge) and not _is_zero(unavailable):
        yield ApiRuleViolation(
            "updateStrategy.rollingUpdate.maxSurge",
            "rollout",
            "maxSurge and maxUnavailable exclude each other",
            "Set maxUnavailable: 0.",
        )
    yield from _at_most_all(update, "maxSurge", "updateStrategy.rollingUpdate.")


def _replica_set(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    yield from _selector(spec)
    yield from _always(spec)


def _replication_controller(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    selector = spec.get("selector", {})
    labels = spec.get("template", {}).get("metadata", {}).get("labels", {})
    if "template" not in spec:
        yield ApiRuleViolation("template", "template", "is missing", "Set it.")
    elif not selector and not labels:
        yield ApiRuleViolation(
            "selector", "selector", "the selector is empty", "Select the template's Pods by a label."
        )
    elif any(labels.get(key) != value for key, value in selector.items()):
        yield ApiRuleViolation("template.metadata.labels", "selector", _OTHER_LABELS, _SET_LABELS)


def _job(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    pod = spec["template"].get("spec", {})
    policy = pod.get("restartPolicy", "")
    if policy not in {"OnFailure", "Never"}:
        message = f"{shown(policy)} is not for the Pods of a Job" if policy else "is missing"
        yield ApiRuleViolation(
            "template.spec.restartPolicy", "restart-policy", message, "Use OnFailure or Never."
        )
    elif policy != "Never" and "podFailurePolicy" in spec:
        yield ApiRuleViolation(
            "template.spec.restartPolicy",
            "restart-policy",
            "podFailurePolicy needs Pods that never restart",
            "Use Never.",
        )
    yield from _indexed(spec)
    if "podFailurePolicy" in spec and spec.get("podReplacementPolicy", "Failed") != "Failed":
        yield ApiRuleViolation(
            "podReplacementPolicy", "job", "a podFailurePolicy allows only Failed", "Use Failed."
        )
    for index, rule in enumerate(spec.get("successPolicy", {}).get("rules", ())):
        yield from _success(rule, f"successPolicy.rules[{index}]", spec.get("completions", 0))
    for index, rule in enumerate(spec.get("podFailurePolicy", {}).get("rules", ())):
        yield from _failure(rule, f"podFailurePolicy.rules[{index}]", pod, spec)


def _indexed(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    indexed = spec.get("completionMode") == "Indexed"
    if indexed and "completions" not in spec:
        yield ApiRuleViolation(
            "completions", "job", "an Indexed Job needs its number of completions", "Set it."
        )
    if indexed and spec.get("parallelism", 0) > _MOST_PARALLEL:
        yield ApiRuleViolation(
            "parallelism", "job", f"an Indexed Job runs at most {_MOST_PARALLEL:,} Pods at once", "Lower it."
        )
    if not indexed:
        for field in ("backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"):
            yield from only_with(spec, field, "job", "completionMode: Indexed")
    if "maxFailedIndexes" in spec and "backoffLimitPerIndex" not in spec:
        yield ApiRuleViolation(
            "backoffLimitPerIndex",
            "job",
            "is missing: maxFailedIndexes needs it",
            "Set it, or remove maxFailedIndexes.",
        )
    if indexed and spec.get("maxFailedIndexes", 0) > spec.get("completions", _MOST_PARALLEL):
        yield ApiRuleViolation("maxFailedIndexes", "job", "is above the completions", "Lower it.")


def _success(rule: dict[str, Any], place: str, completions: int) -> Iterator[ApiRuleViolation]:
    parts = [part.partition("-") for part in rule.get("succeededIndexes", "").split(",") if part]
    indexes = [(int(first), int(last or first)) for first, _, last in parts]
    if any(last >= completions for _, last in indexes):
        yield ApiRuleViolation(
            f"{place}.succeededIndexes",
            "job",
            f"the last index is {completions - 1}",
            "Name only existing indexes.",
        )
    most = sum(last - first + 1 for first, last in indexes) if indexes else completions
    if rule.get("succeededCount", 0) > most:
        yield ApiRuleViolation(
            f"{place}.succeededCount", "job", f"is above the number of indexes, {most}", "Lower it."
        )


def _failure(
    rule: dict[str, Any], place: str, pod: dict[str, Any], spec: dict[str, Any]
) -> Iterator[ApiRuleViolation]:
    codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions")
    if (codes is None) == (not conditions):
        yield ApiRuleViolation(
            place, "job", "the rule needs exactly one of onExitCodes and onPodConditions", "Set one of them."
        )
    if rule["action"] == "FailIndex" and "backoffLimitPerIndex" not in spec:
        yield ApiRuleViolation(
            f"{place}.action", "job", "FailIndex needs backoffLimitPerIndex", "Set it, or use another action."
        )
    if codes is not None:
        values, name = codes["values"], codes.get("containerName")
        if codes["operator"] == "In" and 0 in values:
            yield ApiRuleViolation(f"{place}.onExitCodes.values", "job", "0 is not a failure", "Remove it.")
        if values != sorted(set(values)):
            message, fix = "the values are unsorted or repeated", "Sort them, each once."
            yield ApiRuleViolation(f"{place}.onExitCodes.values", "job", message, fix)
        names = [item["name"] for field in ("containers", "initContainers") for item in pod.get(field, ())]
        if name is not None and name not in names:
            yield ApiRuleViolation(
                f"{place}.onExitCodes.containerName",
                "job",
                f"the template has no container {shown(name)}",
                "Name a container of the template.",
            )


def _new_job(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    """Check the selector of a Job. The API server sets it, except with a manual selector."""
    if spec.get("manualSelector") is True:
        yield from _selector(spec, may_be_empty=True)
    elif "selector" in spec:
        yield ApiRuleViolation(
            "selector",
            "selector",
            "the API server sets the selector of a Job",
            "Remove it, or set manualSelector: true.",
        )


def _whole_job(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    return below("spec", _new_job(body.get("spec", {})))


def _cron_job(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    job = spec["jobTemplate"].get("spec", {})
    for field in ("selector", "manualSelector"):
        if job.get(field):
            yield ApiRuleViolation(
                f"jobTemplate.spec.{field}",
                "selector",
                "the API server sets the selector of a Job",
                "Remove it.",
            )


def _cron_job_name(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    name = body["metadata"].get("name", "")
    if len(name) > _CRON_JOB_NAME:
        message = f"the name of a CronJob has at most {_CRON_JOB_NAME} characters"
        yield ApiRuleViolation("metadata.name", "name", message, "Shorten it.")


def _disruption(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    if "minAvailable" in spec and "maxUnavailable" in spec:
        yield ApiRuleViolation(
            "maxUnavailable", "disruption", "the budget has a minAvailable already", "Keep one of the two."
        )
    for field in ("minAvailable", "maxUnavailable"):
        yield from _at_most_all(spec, field)


def _runtime(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    return below("scheduling", check_labels(body.get("scheduling", {}), "nodeSelector"))


RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "apps.v1.DaemonSetSpec": (_daemon_set, _mounts),
    "apps.v1.DeploymentSpec": (_deployment, _mounts),
    "apps.v1.ReplicaSetSpec": (_replica_set, _mounts),
    "apps.v1.StatefulSetSpec": (_stateful_set, _mounts),
    "batch.v1.CronJob": (_cron_job_name,),
    "batch.v1.CronJobSpec": (_cron_job,),
    "batch.v1.Job": (_whole_job,),
    "batch.v1.JobSpec": (_job, _mounts),
    "core.v1.ReplicationControllerSpec": (_replication_controller, _mounts),
    "node.v1.RuntimeClass": (_runtime,),
    "policy.v1.PodDisruptionBudgetSpec": (_disruption,),
}
