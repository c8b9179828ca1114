"""Reads and writes all YAML of goldenpath, in agreement with Kubernetes.

For: text to plain values (``dict``, ``list``, ``str``, ``int``, ``float``, ``bool``, ``None``), as the API server's own
reader resolves them (``sigs.k8s.io/yaml``: ``y`` is true, ``014`` is 12, ``12:30`` is text, keys are always text); and
values to text that every YAML reader reads back unchanged.

:mod:`goldenpath.kubeyaml.editing` changes fields in a text that a person wrote, and keeps comments and layout.

Not for: the meaning of a document (models and schemas), and the files of a repository.

The reader is stricter than Kubernetes where Kubernetes would silently lose content. It refuses repeated keys, tags,
content after ``...``, and documents that are too deep or grow too large through aliases.
"""

from goldenpath.kubeyaml._files import MAX_FILE_BYTES, open_regular, read_bytes, read_text
from goldenpath.kubeyaml._json import DuplicateKeyError, unique_keys
from goldenpath.kubeyaml._read import (
    MAX_DEPTH,
    MAX_DOCUMENT_CHARS,
    MAX_NODES_FROM_ALIASES,
    load,
    load_all,
    load_file,
)
from goldenpath.kubeyaml._rendered import load_rendered
from goldenpath.kubeyaml._same import same
from goldenpath.kubeyaml._stream import StreamedDocument, stream_documents, stream_texts
from goldenpath.kubeyaml._write import dump, dump_all, scalar
from goldenpath.kubeyaml._written import is_ambiguous, plain, written_numbers

__all__ = [
    "MAX_DEPTH",
    "MAX_DOCUMENT_CHARS",
    "MAX_FILE_BYTES",
    "MAX_NODES_FROM_ALIASES",
    "DuplicateKeyError",
    "StreamedDocument",
    "dump",
    "dump_all",
    "is_ambiguous",
    "load",
    "load_all",
    "load_file",
    "load_rendered",
    "open_regular",
    "plain",
    "read_bytes",
    "read_text",
    "same",
    "scalar",
    "stream_documents",
    "stream_texts",
    "unique_keys",
    "written_numbers",
]
