"""Busy, failing and silent API servers: retries, their duration, and concurrent requests."""

from __future__ import annotations

import re
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from controller_accounts import bound_accounts
from kube_api import eventually
from verb_clusters import account, as_user, config_map, kubeconfig, manifest, proxy

from goldenpath.cluster import ObjectAction, apply, connect, diff
from goldenpath.cluster.rate_limit import RetryLimits
from goldenpath.errors import ClusterError, ClusterUnavailableError

QUICK = RetryLimits(first=0.01, longest=0.05)


@pytest.fixture
def name():
    return f"p-{secrets.token_hex(4)}"


@pytest.fixture
def front(cluster):
    with proxy(cluster) as state:
        yield state


@pytest.fixture
def behind(front, cluster, tmp_path):
    with connect(None, kubeconfig(cluster, tmp_path, server=front.url), patience=QUICK) as connected:
        yield connected


def namespace(name):
    return manifest({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_request_that_fails_twice_is_sent_a_third_time(front, behind, name, status):
    front.failures += [(status, {}), (status, {})]

    found = apply(behind, [namespace(name), config_map(name, a="1")])

    assert {change.action for change in found.changes} == {ObjectAction.CREATE}
    assert front.failures == []


def test_a_server_that_asks_for_a_pause_gets_it(front, cluster, tmp_path):
    front.failures += [(429, {"Retry-After": "1"})]
    config = kubeconfig(cluster, tmp_path, server=front.url)
    # Less than what was asked for cannot be waited: so there is no second attempt.
    with (
        connect(None, config, patience=RetryLimits(total=0.9)) as connected,
        pytest.raises(ClusterUnavailableError),
    ):
        connected.resources()
    front.failures += [(429, {"Retry-After": "1"})]
    with connect(None, config, patience=RetryLimits(first=0, total=1.1)) as connected:
        assert connected.resources()

    assert len(front.seen) == 1 + 3


def test_patience_has_an_end(front, cluster, tmp_path):
    front.failures += [(503, {})] * 100
    hasty = RetryLimits(attempts=4, first=0.001, longest=0.001)
    with (
        connect(None, kubeconfig(cluster, tmp_path, server=front.url), patience=hasty) as connected,
        pytest.raises(ClusterUnavailableError, match="API discovery: HTTP 503"),
    ):
        connected.resources()

    assert len(front.seen) == 4


def test_a_wait_that_is_longer_than_patience_is_not_begun(front, cluster, tmp_path):
    front.failures += [(429, {"Retry-After": "3600"})]
    with (
        connect(None, kubeconfig(cluster, tmp_path, server=front.url)) as connected,
        pytest.raises(ClusterUnavailableError),
    ):
        connected.resources()

    assert len(front.seen) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refused_request_is_not_repeated(front, behind, status):
    front.failures += [(status, {})]

    with pytest.raises(ClusterError):
        behind.resources()

    assert len(front.seen) == 1


def test_a_server_that_does_not_answer_is_given_up(front, cluster, tmp_path):
    front.hold = threading.Event()
    once = RetryLimits(attempts=1)
    config = kubeconfig(cluster, tmp_path, server=front.url)
    with (
        connect(None, config, read_timeout=0.2, patience=once) as connected,
        pytest.raises(ClusterUnavailableError, match="did not answer in time"),
    ):
        connected.resources()
    front.hold.set()


def test_an_unreachable_server_is_named(front, cluster, tmp_path):
    config = kubeconfig(cluster, tmp_path, server="http://127.0.0.1:9")
    with (
        connect(None, config, patience=RetryLimits(attempts=2, first=0.01)) as connected,
        pytest.raises(ClusterUnavailableError, match=r"http://127\.0\.0\.1:9 cannot be reached"),
    ):
        connected.resources()


def test_an_untrusted_certificate_is_not_retried(cluster, tmp_path):
    config = kubeconfig(cluster, tmp_path)
    (tmp_path / "authority.crt").write_text(OTHER_AUTHORITY)
    with connect(None, config) as connected, pytest.raises(ClusterError, match="certificate") as raised:
        connected.resources()

    assert not isinstance(raised.value, ClusterUnavailableError)


def test_an_expired_token_is_reported_without_its_value(cluster, tmp_path):
    with (
        as_user(cluster.bearing("expired-token-4711"), tmp_path) as connected,
        pytest.raises(ClusterError, match="does not accept the credentials of this context") as raised,
    ):
        connected.resources()

    assert "4711" not in str(raised.value)


def test_a_hundred_tenants_at_once_are_a_few_requests_at_a_time(front, behind, cluster):
    names = [f"h-{secrets.token_hex(4)}" for _ in range(100)]

    with ThreadPoolExecutor(100) as threads:
        found = list(
            threads.map(lambda name: diff(behind, [namespace(name), config_map(name, a="1")]), names)
        )

    assert {change.action for changes in found for change in changes.changes} == {ObjectAction.CREATE}
    assert front.most_at_once <= 8
    assert len(front.user_agents) == 1
    assert re.match(r"goldenpath/\S+ kubernetes-client-python/37", front.user_agents.pop())


@pytest.fixture
def narrow_user(cluster, onboarding):
    """A user for whom priority and fairness has two or three seats and no queue: what is more gets a real 429."""
    name = f"narrow-{secrets.token_hex(3)}"
    onboarding.namespace(name)
    flow = "flowcontrol.apiserver.k8s.io/v1"
    bodies = [
        bound_accounts(name, name, "default"),
        {
            "apiVersion": flow,
            "kind": "PriorityLevelConfiguration",
            "metadata": {"name": name},
            "spec": {
                "type": "Limited",
                "limited": {
                    "nominalConcurrencyShares": 1,
                    "borrowingLimitPercent": 0,
                    "limitResponse": {"type": "Reject"},
                },
            },
        },
        {
            "apiVersion": flow,
            "kind": "FlowSchema",
            "metadata": {"name": name},
            "spec": {
                "matchingPrecedence": 2,
                "priorityLevelConfiguration": {"name": name},
                "rules": [
                    {
                        "subjects": [
                            {
                                "kind": "ServiceAccount",
                                "serviceAccount": {"name": "default", "namespace": name},
                            }
                        ],
                        "resourceRules": [
                            {
                                "verbs": ["*"],
                                "apiGroups": ["*"],
                                "resources": ["*"],
                                "clusterScope": True,
                                "namespaces": ["*"],
                            }
                        ],
                    }
                ],
            },
        },
    ]
    for body in bodies:
        answer = cluster.create(body)
        assert answer.ok, answer.message
    yield name, account(cluster, name)
    for body in reversed(bodies):
        assert cluster.delete(body).ok


def rejected(cluster, level):
    """How many requests the API server says it has turned away at a priority level."""
    text = cluster.send("GET", "/metrics").body["message"]
    pattern = rf'^apiserver_flowcontrol_rejected_requests_total{{.*priority_level="{level}".*}} (\d+)$'
    return sum(int(found) for found in re.findall(pattern, text, re.MULTILINE))


def test_a_request_that_priority_and_fairness_refuses_is_repeated(cluster, narrow_user, tmp_path):
    level, user = narrow_user
    names = [f"f-{secrets.token_hex(4)}" for _ in range(60)]

    with as_user(user, tmp_path, in_flight=32) as connected:
        resource = connected.find("v1", "Namespace")

        def crowd():
            connected.each(lambda name: connected.get(resource, name), names)
            return rejected(cluster, level) > 0

        eventually(crowd, "the server has turned somebody away")
        assert connected._wire._gate.limit < 32
        before = rejected(cluster, level)
        found = connected.each(lambda name: connected.get(resource, name), names * 10)

    assert found == [None] * len(names) * 10
    # Hardly anybody is turned away any more: the client has found out for how many there is room.
    assert rejected(cluster, level) - before < len(found) / 10


OTHER_AUTHORITY = """\
-----BEGIN CERTIFICATE-----
MIIBeTCCAR+gAwIBAgIUY+eED/Tfl2W++JMo4jBENh+c1nQwCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGbm9ib2R5MCAXDTI2MTEyMjAzMDkwOVoYDzIxMjYxMDI5MDMw
OTA5WjARMQ8wDQYDVQQDDAZub2JvZHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AAQ3VGN+Gu6h8A67+vqyJd7+ttOUtp2ORWeCoLw5nymIMm+9SWpIfKW5s9yjFg7V
Ql+LyT6fHXeyTocOwUmxXev9o1MwUTAdBgNVHQ4EFgQUTfUoyphuoY0FSYxN/qSX
fLoptCQwHwYDVR0jBBgwFoAUTfUoyphuoY0FSYxN/qSXfLoptCQwDwYDVR0TAQH/
BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA8RicKw6iZ0WTqBNqV8jPr1DruHtm
hZhy8tu6zT6tQ9cCIA5rJvk1tsfu5wL5OJ2NCrOXhrlAylGgcR4m3rfr/AvO
-----END CERTIFICATE-----
"""
"""A certificate of nobody: its key was thrown away."""
