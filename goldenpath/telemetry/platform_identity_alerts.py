"""Alerts for the platform team on identities: certificates, SPIRE's authority, its agents and foreign bundles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.telemetry.rule import Alert, Case, metric

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.telemetry.platform_metrics import PlatformMetrics

__all__ = ["identity_alerts"]

_WEEK: Final = 7 * 24 * 3600


def identity_alerts(of: PlatformMetrics) -> Iterator[Alert]:
    """Yield the alerts on certificates, keys and bundles that expire or are no longer renewed."""
    if of.spire is not None:
        yield _identity_alert(of)
        yield _authority_alert(of)
        yield _bundle_alert(of)
        yield _silence_alert(of)
    if of.gateway_namespace is not None:
        yield _certificate_alert(of, of.gateway_namespace)


def _identity_alert(of: PlatformMetrics) -> Alert:
    workloads, agents = metric("spire", "identity-renewal"), metric("spire", "agent-renewal")
    failed = 'status!="OK"'
    return Alert(
        "PlatformIdentitiesNotRenewed",
        f"sum by (instance) (rate({workloads}{{{failed}}}[15m])) > 0 or sum by (instance) (rate({agents}{{{failed}}}[15m])) > 0",
        "15m",
        "critical",
        f"The SPIRE agent {{{{ $labels.instance }}}} on {of.cluster} cannot renew identities; they end within their lifetime.",
        "See whether the agent reaches the server, and whether the server's CA is valid.",
        (
            Case(
                "failing", {f'{workloads}{{status="Unavailable",instance="n1"}}': "0+2x60"}, "40m", firing=1
            ),
            Case(
                "an agent's own", {f'{agents}{{status="Unknown",instance="n1"}}': "0+2x60"}, "40m", firing=1
            ),
            Case("working", {f'{workloads}{{status="OK",instance="n1"}}': "0+2x60"}, "40m", firing=0),
        ),
        runbooks=of.runbooks,
    )


def _authority_alert(of: PlatformMetrics) -> Alert:
    end, lifetime = metric("spire", "authority-end"), metric("spire", "authority-lifetime")
    by = "trust_domain_id, instance"
    domain = 'trust_domain_id="example_org",instance="s1"'
    return Alert(
        "PlatformSigningAuthorityExpires",
        # SPIRE activates the next authority a sixth of the lifetime, or seven days, before the end.
        f"min by ({by}) ({end}) - time()\n  < clamp_max(min by ({by}) ({lifetime}) / 12, {_WEEK / 2:.0f})\n",
        "5m",
        "critical",
        f"The authority with which SPIRE on {of.cluster} signs identities ends in {{{{ $value | humanizeDuration }}}}, and no next one is in use.",
        "Read the log of the server: its upstream authority or its key manager refuses.",
        (
            Case(
                "an hour before the end of a day",
                {f"{end}{{{domain}}}": "7200x90", f"{lifetime}{{{domain}}}": "86400x90"},
                "60m",
                firing=1,
            ),
            Case(
                "half of the day is left",
                {f"{end}{{{domain}}}": "43200x90", f"{lifetime}{{{domain}}}": "86400x90"},
                "60m",
                firing=0,
            ),
            Case(
                "five days before the end of a year",
                {f"{end}{{{domain}}}": "432000x90", f"{lifetime}{{{domain}}}": "31536000x90"},
                "60m",
                firing=0,
            ),
            Case(
                "two days before the end of a year",
                {f"{end}{{{domain}}}": "172800x90", f"{lifetime}{{{domain}}}": "31536000x90"},
                "60m",
                firing=1,
            ),
        ),
        runbooks=of.runbooks,
    )


def _bundle_alert(of: PlatformMetrics) -> Alert:
    refresh = metric("spire", "bundle-refresh")
    domain = 'trust_domain_id="other_org",instance="s1"'
    by = "trust_domain_id, instance"
    return Alert(
        "PlatformTrustBundleStale",
        f'sum by ({by}) (increase({refresh}{{status!="OK"}}[1h])) > 0\n'
        f'  unless sum by ({by}) (increase({refresh}{{status="OK"}}[1h])) > 0\n',
        "1h",
        "warning",
        f"SPIRE on {of.cluster} cannot read the trust bundle of {{{{ $labels.trust_domain_id }}}}: once its keys are rotated, its workloads are refused.",
        "Ask the other side whether its bundle endpoint answers, and whether its certificate is valid.",
        (
            Case("refused", {f'{refresh}{{{domain},status="Unknown"}}': "0+1x200"}, "150m", firing=1),
            Case("read", {f'{refresh}{{{domain},status="OK"}}': "0+1x200"}, "150m", firing=0),
            Case(
                "refused once, and read after",
                {
                    f'{refresh}{{{domain},status="Unknown"}}': "0+1x200",
                    f'{refresh}{{{domain},status="OK"}}': "0+1x200",
                },
                "150m",
                firing=0,
            ),
        ),
        runbooks=of.runbooks,
    )


def _silence_alert(of: PlatformMetrics) -> Alert:
    end = metric("spire", "authority-end")
    return Alert(
        "PlatformIdentityMetricsMissing",
        f"absent({end})",
        "1h",
        "info",
        f"SPIRE's server on {of.cluster} exports no metrics, so the alerts on identities are silent.",
        "Add a Prometheus sink to the telemetry of the server and of the agents, and scrape both.",
        (
            Case("missing", {"up": "1x90"}, "70m", firing=1),
            Case("there", {f'{end}{{trust_domain_id="example_org"}}': "0x90"}, "70m", firing=0),
        ),
        runbooks=of.runbooks,
    )


def _certificate_alert(of: PlatformMetrics, gateway: str) -> Alert:
    left = f'goldenpath:certificate_seconds_left:min{{namespace="{gateway}"'
    return Alert(
        "PlatformCertificateExpires",
        f"{left}}} < {_WEEK}",
        "1h",
        "critical",
        f"Certificate {{{{ $labels.name }}}} of the gateway on {of.cluster} ends in {{{{ $value | humanizeDuration }}}}.",
        "See why cert-manager does not renew it.",
        (
            Case("three days", {f'{left},name="public"}}': "259200x90"}, "70m", firing=1),
            Case("a month", {f'{left},name="public"}}': "2592000x90"}, "70m", firing=0),
            Case(
                "of another namespace",
                {'goldenpath:certificate_seconds_left:min{namespace="vision",name="chat"}': "259200x90"},
                "70m",
                firing=0,
            ),
        ),
        runbooks=of.runbooks,
    )
