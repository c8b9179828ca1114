"""Git, as a database: objects, refs, remotes and signatures, without a work tree or an index.

For: reading trees and files quickly, writing new ones as one pack, moving refs by compare-and-swap, speaking to
remotes with credentials that nobody sees. One door (``command``) leads to Git itself; where it is opened, the
caller's environment and settings cannot change what is written.

Stays out: what the files mean. Nothing here knows of tenants, requests or manifests.
"""

from __future__ import annotations

from goldenpath.publish.git.address import is_url
from goldenpath.publish.git.batch import ObjectBatch
from goldenpath.publish.git.credentials import Credentials
from goldenpath.publish.git.objects import (
    EMPTY_TREE,
    CommitInfo,
    Entry,
    PreparedObject,
    blob_id,
    prepare_blob,
)
from goldenpath.publish.git.person import Person
from goldenpath.publish.git.reading import ObjectReader, Snapshot
from goldenpath.publish.git.refs import RefUpdate
from goldenpath.publish.git.remote import Remote
from goldenpath.publish.git.repository import Repository
from goldenpath.publish.git.signing import Signer
from goldenpath.publish.git.store import Store

__all__ = [
    "EMPTY_TREE",
    "CommitInfo",
    "Credentials",
    "Entry",
    "ObjectBatch",
    "ObjectReader",
    "Person",
    "PreparedObject",
    "RefUpdate",
    "Remote",
    "Repository",
    "Signer",
    "Snapshot",
    "Store",
    "blob_id",
    "is_url",
    "prepare_blob",
]
