"""Croissant 1.1: describes a dataset in a document, and verifies the files that a document names with a SHA-256.

Read in November 2026: the specification at http://mlcommons.org/croissant/1.1, and `mlcroissant` 1.1.1. A ``FileSet``
has no checksum in Croissant. Only the checksum of an archive around it can pin its files.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote, urlsplit

from goldenpath.datasets.dataset_manifest import entries_in, open_manifest
from goldenpath.datasets.file_hashing import UNKNOWN, FileBatch, hash_batch, stamp_of
from goldenpath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from goldenpath.datasets.dataset_manifest import DatasetDigest

__all__ = ["MAX_NAMED_FILES", "CroissantFile", "CroissantVerdict", "croissant_document", "verify_croissant"]

CONFORMS_TO: Final = "http://mlcommons.org/croissant/1.1"
MAX_NAMED_FILES: Final = 10_000
"""A larger dataset is described by its manifest and one FileSet, because readers load the whole document."""
_MAX_BYTES: Final = 64 << 20
_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")
_LOCAL_NAME: Final = re.compile(r"[^:/#]+$")

# The table of the standard library (`mimetypes`) depends on the machine.
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


def croissant_document(
    dataset: DatasetDigest, manifest: Path, *, name: str, about: Mapping[str, str], manifest_url: str | None
) -> dict[str, Any]:
    """Return a Croissant document for a dataset, with the files of its manifest.

    ``about`` has ``description``, ``license`` and other texts of the author. The document names the manifest only with a
    ``manifest_url``.
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
        with open_manifest(manifest) as lines:
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
    """The verdict on one entry of ``distribution``.

    ``state`` is ``same``, ``changed``, ``missing`` or ``unpinned``. An unpinned entry has no SHA-256 to verify.
    """

    name: str
    state: str
    message: str


@dataclass(frozen=True, slots=True)
class CroissantVerdict:
    """The result of the comparison of a folder with a Croissant document."""

    files: tuple[CroissantFile, ...]

    def count(self, state: str) -> int:
        return sum(file.state == state for file in self.files)

    @property
    def is_same(self) -> bool:
        """Whether at least one file has a SHA-256, and each of these files has the SHA-256 of the document."""
        return self.count("same") > 0 and not self.count("changed") and not self.count("missing")


def verify_croissant(folder: Path, document: Path) -> CroissantVerdict:
    """Compare a folder with the files that a Croissant document names with a SHA-256.

    A relative ``contentUrl`` is a path. A file with another address is found by its name, because a download keeps the
    name. The folder is searched first, then the folder of the document.

    Raises:
        InputError: the document cannot be read, or names no files.
    """
    entries = _distribution(document)
    return CroissantVerdict(tuple(_verify_entry((folder, document.parent), entry) for entry in entries))


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
    entries = _without_prefixes(found).get("distribution") if isinstance(found, dict) else None
    if isinstance(entries, dict):
        entries = [entries]
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        message = "must be the list of the files of the dataset"
        raise InputError.of("distribution", "croissant", message, file=str(document))
    return [_without_prefixes(each) for each in entries]


def _without_prefixes(node: dict[str, Any]) -> dict[str, Any]:
    """A node with local keys: ``sc:contentUrl`` and ``https://schema.org/contentUrl`` become ``contentUrl``."""
    return {key if key.startswith("@") else _local(key): value for key, value in node.items()}


def _local(name: str) -> str:
    found = _LOCAL_NAME.search(name)
    return found[0] if found else name


def _verify_entry(folders: tuple[Path, ...], entry: dict[str, Any]) -> CroissantFile:
    name = _text(entry.get("name")) or _text(entry.get("@id")) or "an entry without a name"
    if reason := _unpinned_reason(entry):
        return CroissantFile(name, "unpinned", reason)
    candidates = tuple(_candidates(entry, name))
    places = ((folder, path) for folder in folders if (path := _first_file(folder, candidates)))
    folder, path = next(places, (None, ""))
    if folder is None:
        return CroissantFile(name, "missing", "is not a plain file in the folder")
    wanted = _text(entry.get("sha256")).lower()
    try:
        digest = _sha256(folder, path)
    except OSError as error:
        return CroissantFile(name, "changed", f"{path} {error.strerror}")
    if digest != wanted:
        return CroissantFile(name, "changed", f"{path} has the SHA-256 {digest} instead of {wanted}")
    return CroissantFile(name, "same", path)


def _unpinned_reason(entry: dict[str, Any]) -> str:
    """Why an entry cannot be verified; empty for an entry with a SHA-256."""
    if holder := entry.get("containedIn"):
        holders = ", ".join(filter(None, _references(holder))) or "another entry"
        return f"is inside {holders}, and was not read: only the checksum of {holders} pins it"
    if _local(_text(entry.get("@type"))) == "FileSet":
        return "is a FileSet, which has no checksum in Croissant: nothing was verified"
    if not _SHA256.fullmatch(_text(entry.get("sha256"))):
        has = "only an MD5, which can be forged" if entry.get("md5") else "no SHA-256"
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


def _first_file(folder: Path, candidates: tuple[str, ...]) -> str | None:
    """The first path that is a plain file below the folder, without a symbolic link on the way."""
    for path in candidates:
        steps = path.removeprefix("./").split("/")
        if any(step in {"", ".", ".."} or "\0" in step for step in steps):
            continue
        places = [folder.joinpath(*steps[:depth]) for depth in range(1, len(steps) + 1)]
        if places[-1].is_file() and not any(place.is_symlink() for place in places):
            return "/".join(steps)
    return None


def _sha256(folder: Path, path: str) -> str:
    """Hash a file.

    Raises:
        OSError: the file cannot be read, or changes during the read.
    """
    batch = FileBatch()
    batch.add(os.fsencode(path), stamp_of((folder / path).lstat()), UNKNOWN)
    hashed = hash_batch(os.fsencode(folder), batch, lambda _: None)
    if hashed.refusals:
        raise OSError(0, hashed.refusals[0].message)
    return hashed.digests.hex()


def _text(value: object) -> str:
    """The text of a JSON-LD value: a string, a list of one, or an object with a language."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        value = value.get("@value", next(iter(value.values()), ""))
    return value if isinstance(value, str) else ""


def _references(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [_text(each.get("@id")) if isinstance(each, dict) else _text(each) for each in values]
