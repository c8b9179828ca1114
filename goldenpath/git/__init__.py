"""Git, as a database: objects, refs, remotes and signatures, without a work tree or an index.

For: reading trees and files quickly, writing new ones as one pack, moving refs by compare-and-swap, speaking to
remotes with hidden credentials. One door (``command``) leads to Git itself; where it is opened, the
caller's environment and settings cannot change what is written.

Stays out: what the files mean. Nothing here knows of tenants, requests or manifests.
"""

from __future__ import annotations

from goldenpath.git.batch import ObjectBatch
from goldenpath.git.git_credentials import Credentials
from goldenpath.git.git_repository import Repository
from goldenpath.git.object_reader import ObjectReader, Snapshot
from goldenpath.git.objects import (
    EMPTY_TREE,
    CommitInfo,
    PreparedObject,
    TreeEntry,
    blob_id,
    prepare_blob,
)
from goldenpath.git.person import Person
from goldenpath.git.refs import RefUpdate
from goldenpath.git.remote import Remote
from goldenpath.git.remote_address import is_url
from goldenpath.git.signing import CommitSigner
from goldenpath.git.store import Store

__all__ = [
    "EMPTY_TREE",
    "CommitInfo",
    "CommitSigner",
    "Credentials",
    "ObjectBatch",
    "ObjectReader",
    "Person",
    "PreparedObject",
    "RefUpdate",
    "Remote",
    "Repository",
    "Snapshot",
    "Store",
    "TreeEntry",
    "blob_id",
    "is_url",
    "prepare_blob",
]
