"""The audit trail: every refusal with who and why, and every change with who, what and where it went."""

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
    """Writes the trail."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def unauthenticated(self, reason: str, *, request_id: str, peer: str | None) -> None:
        """A caller had no credentials, or wrong ones."""
        self._metrics.refusals.labels("unauthenticated").inc()
        _log.warning(
            "refused",
            extra=fields(kind="unauthenticated", reason=reason, peer=peer, request_id=request_id),
        )

    def forbidden(self, principal: Principal, reason: str, *, request_id: str, action: str) -> None:
        """A caller asked for an action without the right to it."""
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
        """A caller changed a tenant; author and trailers of the commit say the same."""
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
