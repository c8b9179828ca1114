"""Git, as a database: objects, refs, remotes and signatures, without a work tree or an index.

The package reads trees and files quickly, writes new ones as one pack, moves refs by compare-and-swap, and talks to
remotes with hidden credentials. Only ``command`` starts Git. It shields Git from environment variables and settings of
the caller that would change what Git writes.

The package does not know what the files mean: tenants, requests and manifests are outside it.
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
