"""URLs of runbooks, which are files of the fleet repository, in the web interface of the forge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from goldenpath.tenancy.platform import Platform

__all__ = ["runbook_folder"]

_VIEWS: Final = (
    (("gitlab",), "/-/blob/"),
    (("gitea", "forgejo", "codeberg"), "/src/branch/"),
    (("bitbucket",), "/src/"),
)
"""Words in a host name, and the URL part of the forge between repository and branch. The default is GitHub's."""


def runbook_folder(platform: Platform, folder: str) -> str:
    """Return the URL of the folder ``runbooks/`` in a folder of the fleet repository, with a slash at the end.

    The URL starts with the fleet's ``monitoring.files``, or else follows from ``repository`` and ``branch``.
    """
    monitoring = platform.monitoring
    own = monitoring.files if monitoring is not None else None
    return f"{own.rstrip('/') if own else _files(platform)}/{folder}/runbooks/"


def _files(platform: Platform) -> str:
    address = urlsplit(platform.fleet.repository)
    host = address.hostname or ""
    port = f":{address.port}" if address.port and address.scheme == "https" else ""
    view = next((view for words, view in _VIEWS if any(word in host for word in words)), "/blob/")
    return f"https://{host}{port}{address.path.rstrip('/').removesuffix('.git')}{view}{platform.fleet.branch}"
