"""The one place where YAML is read and written, agreeing with Kubernetes.

For: text to plain values (``dict``, ``list``, ``str``, ``int``, ``float``, ``bool``, ``None``) just as the
API server's own reader makes them (``sigs.k8s.io/yaml``: ``y`` is true, ``014`` is 12, ``12:30`` is text,
keys are always text), and values to text that every YAML reader takes back unchanged.

:mod:`goldenpath.kubeyaml.editing` changes fields in a text that a person wrote, and keeps comments and layout.

Not for: what a document means (models and schemas do that), files of a repository.

Reading is stricter than Kubernetes where Kubernetes would lose something without a word: repeated keys,
tags, content after ``...``, and documents that are too deep or grow too large through aliases are refused.
"""

from goldenpath.kubeyaml._json import DuplicateKeyError, unique_keys
from goldenpath.kubeyaml._read import (
    MAX_DEPTH,
    MAX_DOCUMENT_CHARS,
    MAX_FILE_BYTES,
    MAX_NODES_FROM_ALIASES,
    load,
    load_all,
    load_file,
    open_regular,
    read_bytes,
    read_text,
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
