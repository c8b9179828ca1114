"""Croissant 1.1: a dataset written as one, and the files that one names by SHA-256, verified.

Read in November 2026: the specification at http://mlcommons.org/croissant/1.1, and `mlcroissant` 1.1.1. A ``FileSet`` has
no checksum there: it is pinned by the archive that holds it, or by nothing.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote, urlsplit

from goldenpath.datasets.dataset_manifest import entries_in, opened_manifest
from goldenpath.datasets.file_hashing import UNKNOWN, FileBatch, hash_batch
from goldenpath.datasets.file_tree import stamp_of
from goldenpath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from goldenpath.datasets.dataset_manifest import DatasetDigest

__all__ = ["MAX_NAMED_FILES", "CroissantFile", "CroissantVerdict", "croissant_of", "verify_croissant"]

CONFORMS_TO: Final = "http://mlcommons.org/croissant/1.1"
MAX_NAMED_FILES: Final = 10_000
"""A dataset with more files is written as its manifest and one FileSet: readers load the whole document."""
_MAX_BYTES: Final = 64 << 20
_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")
_LOCAL_NAME: Final = re.compile(r"[^:/#]+$")

# A table of our own: the one of the standard library depends on the machine.
_FORMATS: Final = {
    "arrow": "application/vnd.apache.arrow.file",
    "csv": "text/csv",
    "flac": "audio/flac",
    "gif": "image/gif",
    "gz": "application/gzip",
    "html": "text/html",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "jsonl": "application/jsonlines",
    "md": "text/markdown",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "parquet": "application/x-parquet",
    "pdf": "application/pdf",
    "png": "image/png",
    "tar": "application/x-tar",
    "tsv": "text/tab-separated-values",
    "txt": "text/plain",
    "wav": "audio/x-wav",
    "webp": "image/webp",
    "xml": "application/xml",
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "zip": "application/zip",
}
_CONTEXT: Final = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def croissant_of(
    dataset: DatasetDigest, manifest: Path, *, name: str, about: Mapping[str, str], manifest_url: str | None
) -> dict[str, Any]:
    """A Croissant document for a dataset.

    Args:
        dataset: its digest.
        manifest: its manifest, which has the files.
        name: of the dataset.
        about: ``description``, ``license``, ``url``: what the author says of it.
        manifest_url: where readers find the manifest; without it, the document does not name it.
    """
    document: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": name,
        "conformsTo": CONFORMS_TO,
        "identifier": dataset.digest,
        **about,
    }
    files = []
    if manifest_url is not None:
        size = manifest.stat().st_size
        files.append(_file_object(manifest_url, size, dataset.digest.removeprefix("sha256:"), "text/plain"))
    if dataset.files > MAX_NAMED_FILES:
        files.append(
            {
                "@type": "cr:FileSet",
                "@id": "files",
                "name": "files",
                "description": f"{dataset.files:,} files; the manifest has the SHA-256 of each",
                "encodingFormat": "application/octet-stream",
                "includes": "**",
            }
        )
    else:
        with opened_manifest(manifest) as lines:
            files += [
                _file_object(entry.path, entry.size, entry.sha256, _format_of(entry.path))
                for _, entry in entries_in(lines, str(manifest))
                if not entry.path.endswith("/")
            ]
    return {**document, "distribution": files}


def _file_object(path: str, size: int, sha256: str, media_type: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": quote(path),
        "name": path.rpartition("/")[2],
        "contentUrl": quote(path),
        "contentSize": f"{size} B",
        "encodingFormat": media_type,
        "sha256": sha256,
    }


def _format_of(path: str) -> str:
    return _FORMATS.get(path.rpartition(".")[2].lower(), "application/octet-stream")


@dataclass(frozen=True, slots=True)
class CroissantFile:
    """What became of one entry of ``distribution``.

    ``state`` is ``same``, ``changed``, ``missing`` or ``unpinned``: without a SHA-256, nothing can be verified.
    """

    name: str
    state: str
    message: str

    def as_dict(self) -> dict[str, str]:
        """Plain data, for programs."""
        return {"name": self.name, "state": self.state, "message": self.message}


@dataclass(frozen=True, slots=True)
class CroissantVerdict:
    """What a folder is, held against a Croissant document."""

    files: tuple[CroissantFile, ...]

    def count(self, state: str) -> int:
        """How many entries have a state."""
        return sum(file.state == state for file in self.files)

    @property
    def is_same(self) -> bool:
        """Whether each file with a SHA-256 is as the document says, and there is one."""
        return self.count("same") > 0 and not self.count("changed") and not self.count("missing")


def verify_croissant(folder: Path, document: Path) -> CroissantVerdict:
    """Hold a folder against the files that a Croissant document names by their SHA-256.

    A file with a relative ``contentUrl`` is looked up there, another one by its name, as a download leaves it: in the
    folder, and then beside the document.

    Raises:
        InputError: the document cannot be read, or names no files.
    """
    entries = _distribution(document)
    return CroissantVerdict(tuple(_judged((folder, document.parent), entry) for entry in entries))


def _distribution(document: Path) -> list[dict[str, Any]]:
    try:
        if document.stat().st_size > _MAX_BYTES:
            raise InputError.of("", "croissant", f"has more than {_MAX_BYTES >> 20} MiB", file=str(document))
        found = json.loads(document.read_bytes())
    except OSError as error:
        raise InputError.of("", "no-file", f"cannot be read: {error.strerror}", file=str(document)) from None
    except (ValueError, RecursionError):
        message = "is neither a dataset manifest nor a Croissant document in JSON"
        raise InputError.of("", "croissant", message, file=str(document)) from None
    entries = _plain(found).get("distribution") if isinstance(found, dict) else None
    if isinstance(entries, dict):
        entries = [entries]
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        message = "must have a list of files: Croissant's `distribution`"
        raise InputError.of("distribution", "croissant", message, file=str(document))
    return [_plain(each) for each in entries]


def _plain(node: dict[str, Any]) -> dict[str, Any]:
    """A node with keys without prefixes: ``sc:contentUrl``, ``contentUrl`` and the whole address are one."""
    return {key if key.startswith("@") else _local(key): value for key, value in node.items()}


def _local(name: object) -> str:
    found = _LOCAL_NAME.search(str(name))
    return found[0] if found else str(name)


def _judged(folders: tuple[Path, ...], entry: dict[str, Any]) -> CroissantFile:
    name = _text(entry.get("name")) or _text(entry.get("@id")) or "an entry without a name"
    if reason := _unpinned(entry):
        return CroissantFile(name, "unpinned", reason)
    candidates = tuple(_candidates(entry, name))
    places = ((folder, path) for folder in folders if (path := _found(folder, candidates)))
    folder, path = next(places, (None, ""))
    if folder is None:
        return CroissantFile(name, "missing", "is not in the folder, as a plain file")
    wanted = _text(entry.get("sha256")).lower()
    try:
        digest = _sha256(folder, path)
    except OSError as error:
        return CroissantFile(name, "changed", f"{path} {error.strerror}")
    if digest != wanted:
        return CroissantFile(name, "changed", f"{path} has the SHA-256 {digest}, and not {wanted}")
    return CroissantFile(name, "same", path)


def _unpinned(entry: dict[str, Any]) -> str:
    """Why an entry cannot be verified; empty where it can."""
    if holder := entry.get("containedIn"):
        holders = ", ".join(filter(None, _references(holder))) or "another entry"
        return f"is inside {holders}, and as sure as that is: it was not looked at"
    if _local(_text(entry.get("@type"))) == "FileSet":
        return "is a FileSet, which has no checksum in Croissant: nothing was verified"
    if not _SHA256.fullmatch(_text(entry.get("sha256"))):
        has = "only an MD5, which is no proof" if entry.get("md5") else "no SHA-256"
        return f"has {has}: nothing was verified"
    return ""


def _candidates(entry: dict[str, Any], name: str) -> Iterator[str]:
    url = _text(entry.get("contentUrl"))
    parts = urlsplit(url)
    if url and not parts.scheme and not parts.netloc:
        yield url
        yield unquote(url)
    else:
        yield name
        yield unquote(parts.path.rpartition("/")[2])


def _found(folder: Path, candidates: tuple[str, ...]) -> str | None:
    """The first path that is a plain file below the folder, and not through a symbolic link."""
    for path in candidates:
        steps = path.removeprefix("./").split("/")
        if any(step in {"", ".", ".."} or "\0" in step for step in steps):
            continue
        folders = ["/".join(steps[:depth]) for depth in range(1, len(steps))]
        if any((folder / each).is_symlink() for each in folders):
            continue
        place = folder.joinpath(*steps)
        if place.is_file() and not place.is_symlink():
            return "/".join(steps)
    return None


def _sha256(folder: Path, path: str) -> str:
    """The SHA-256 of a file.

    Raises:
        OSError: it cannot be read, or changes meanwhile.
    """
    batch = FileBatch()
    batch.add(os.fsencode(path), stamp_of((folder / path).lstat()), UNKNOWN)
    hashed = hash_batch(os.fsencode(folder), batch, lambda _: None)
    if hashed.refusals:
        raise OSError(0, hashed.refusals[0].message)
    return hashed.digests.hex()


def _text(value: object) -> str:
    """A text, also where it comes in a list of one, or with a language."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        value = value.get("@value", next(iter(value.values()), ""))
    return value if isinstance(value, str) else ""


def _references(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [_text(each.get("@id")) if isinstance(each, dict) else _text(each) for each in values]
