"""The audit trail: every refusal with caller and reason, and every change with caller, subject and commit."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from goldenpath_backstage.telemetry.logs import AUDIT, fields

if TYPE_CHECKING:
    from goldenpath_backstage.auth.principal import Principal
    from goldenpath_backstage.telemetry.metrics import Metrics

__all__ = ["Audit"]

_log = logging.getLogger(AUDIT)


class Audit:
    """Writes the audit trail."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def unauthenticated(self, reason: str, *, request_id: str, peer: str | None) -> None:
        """Record a caller with missing or invalid credentials."""
        self._metrics.refusals.labels("unauthenticated").inc()
        _log.warning(
            "refused",
            extra=fields(kind="unauthenticated", reason=reason, peer=peer, request_id=request_id),
        )

    def forbidden(self, principal: Principal, reason: str, *, request_id: str, action: str) -> None:
        """Record a caller who lacks the right to an action."""
        self._metrics.refusals.labels("forbidden").inc()
        _log.warning(
            "refused",
            extra=fields(
                kind="forbidden",
                caller=principal.name,
                via=principal.via,
                action=action,
                reason=reason,
                request_id=request_id,
            ),
        )

    def changed(
        self,
        principal: Principal,
        *,
        request_id: str,
        action: str,
        tenant: str,
        task: str | None,
        commit: str | None,
        pull_request: str | None = None,
    ) -> None:
        """Record a change of a tenant. Author and trailers of the commit hold the same facts."""
        _log.info(
            "changed",
            extra=fields(
                caller=principal.name,
                via=principal.via,
                action=action,
                tenant=tenant,
                task=task,
                commit=commit,
                pull_request=pull_request,
                request_id=request_id,
            ),
        )
