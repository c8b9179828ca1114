"""The exact reader: composes the events of libyaml into plain values, by the rules of Kubernetes.

The loaders of PyYAML are not used. They resolve scalars by Python's interpretation of YAML 1.1, recurse in C without a
limit (a hundred thousand brackets end the process), and construct objects for tags.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from typing import TYPE_CHECKING, Any, Final, NoReturn

import yaml

from goldenpath.errors import InputError, Problem
from goldenpath.kubeyaml._files import read_text
from goldenpath.kubeyaml._json import DuplicateKeyError, unique_keys
from goldenpath.kubeyaml._scalars import json_number, key_text, resolve_plain
from goldenpath.kubeyaml._written import as_written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

__all__ = [
    "LOADER",
    "MAX_DEPTH",
    "MAX_DOCUMENT_CHARS",
    "MAX_NODES_FROM_ALIASES",
    "load",
    "load_all",
    "load_file",
    "nodes",
    "split",
]

MAX_DOCUMENT_CHARS: Final = 3 * 1024 * 1024
"""The largest document that is read: the API server's own limit on a request body (3 MiB)."""

MAX_DEPTH: Final = 100
"""Deepest nesting of collections. The deepest known kind, a CRD, stays under 60."""

MAX_NODES_FROM_ALIASES: Final = 10_000
"""Most values that all aliases of a document may add together (the defence against a "billion laughs")."""

LOADER: Final[Any] = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

_STR_TAGS: Final = frozenset({"!", "tag:yaml.org,2002:str"})
_MAP_TAGS: Final = frozenset({None, "!", "tag:yaml.org,2002:map"})
_SEQ_TAGS: Final = frozenset({None, "!", "tag:yaml.org,2002:seq"})
_MERGE: Final = "<<"


def load(text: str, *, name: str = "<input>", written: bool = False) -> Any:
    """Return the value of the only document in ``text``; ``None`` for an empty document.

    With ``written``, numbers keep their text (:mod:`goldenpath.kubeyaml._written`), for messages to the author.

    Raises ``InputError`` (with ``name``, line and column) where Kubernetes refuses the text, for several documents, and
    for the content that the docstring of this package lists.
    """
    documents = load_all(text, name=name, written=written)
    if len(documents) > 1:
        message = f"has {len(documents)} YAML documents; keep one"
        raise InputError.of("", "yaml-one-document", message, file=name)
    return documents[0] if documents else None


def load_all(text: str, *, name: str = "<input>", written: bool = False) -> list[Any]:
    """Return the values of all documents in ``text`` that are not empty, as ``kubectl apply -f`` reads them."""
    if text.lstrip().startswith("{"):
        value = _load_json(text, name)
        if value is not _NOT_JSON:
            return [value]
    documents = (
        load_document(part, first_line=line, name=name, written=written) for line, part in split(text, name)
    )
    return [document for document in documents if document is not None]


def load_json_or_document(text: str, *, first_line: int, name: str, written: bool = False) -> Any:
    """Return the value of a text without separators, which may be JSON."""
    value = _load_json(text, name) if text.lstrip().startswith("{") else _NOT_JSON
    if value is not _NOT_JSON:
        return value
    return load_document(text, first_line=first_line, name=name, written=written)


def load_document(text: str, *, first_line: int, name: str, written: bool = False) -> Any:
    """Return the value of the text between two separators. ``first_line`` counts from 0."""
    return DocumentReader(text, first_line, name, written=written).value()


def load_file(path: str | PathLike[str], *, written: bool = False) -> Any:
    """Return the value of the only document in a UTF-8 file. Raises ``InputError``, also for an unreadable file."""
    return load(read_text(path), name=str(path), written=written)


def nodes(text: str) -> Iterator[tuple[int, Any]]:
    """Yield the first line (from 0) and the root node of each document that is not empty, up to a syntax error."""
    for first_line, part in split(text, "<input>"):
        try:
            node = yaml.compose(part, Loader=LOADER)
        except yaml.YAMLError:
            return
        if node is not None and node.tag != "tag:yaml.org,2002:null":
            yield first_line, node


def split(text: str, name: str) -> Iterator[tuple[int, str]]:
    """Yield the documents of a stream, each with its first line (from 0).

    Kubernetes cuts a stream at every line that starts with ``---`` before it parses any YAML.
    """
    # A search for a pattern takes a third longer than this split, and for one that starts with `^` three times as long.
    first, *others = f"\n{text}".split("\n---")
    line, part, line_break = 0, first[1:], first
    for other in others:
        if line_break:  # the split removed it with the separator
            part += "\n"
        yield line, part
        line += part.count("\n")
        after, line_break, part = other.partition("\n")
        if (rest := after.strip()) and not rest.startswith("#"):
            message = f"line {line + 1}: only a comment can follow '---' on its line"
            raise InputError.of("", "yaml-separator", message, rest, file=name)
        line += 1
    yield line, part


class DocumentReader:
    """Composes the events of one document into a value."""

    def __init__(self, text: str, first_line: int, name: str, *, written: bool) -> None:
        self._text = text
        self._written = written
        self._first_line = first_line
        self._name = name
        self._anchors: dict[str, Any] = {}
        self._from_aliases = 0
        self._flow_depth = 0

    def value(self) -> Any:
        text = self._text
        if len(text) > MAX_DOCUMENT_CHARS:
            self._refuse("yaml-size", f"a document can have at most {MAX_DOCUMENT_CHARS:,} characters", None)
        # libyaml skips a byte order mark inside a file, and Kubernetes reads it as part of a key.
        if (at := text.find("\n\ufeff")) >= 0:
            message = "a byte order mark is allowed only at the beginning of a file"
            self._refuse("yaml-character", message, _Mark(text, at + 1))
        if not text.endswith("\n"):
            text += "\n"  # Kubernetes also ends a block at the end of a file with a line break
        with self._parsing(text):
            return self._only_document()

    @contextlib.contextmanager
    def _parsing(self, source: Any) -> Iterator[None]:
        """Parse a text, or an object with ``read``. Errors of the parser become ``InputError``."""
        try:
            parser = LOADER(source)
        except (yaml.reader.ReaderError, UnicodeEncodeError) as error:
            self._refuse_characters(error)
        self._next = parser.get_event
        try:
            yield
        except yaml.reader.ReaderError as error:
            self._refuse_characters(error)
        except yaml.MarkedYAMLError as error:
            reason = ", ".join(part for part in (error.context, error.problem) if part)
            self._refuse("yaml-syntax", f"is not YAML: {reason}", error.problem_mark or error.context_mark)
        finally:
            parser.dispose()

    def _only_document(self) -> Any:
        self._next()  # the stream's start
        if isinstance(self._next(), yaml.StreamEndEvent):
            return None
        value = self._node(self._next(), 1)
        self._next()  # the document's end
        self._next()  # the stream's end; content after '...' is an error here, where Kubernetes would drop it
        return value

    def _node(self, event: Any, depth: int) -> Any:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            value = self._scalar(event)
        elif kind is yaml.AliasEvent:
            return self._alias(event)
        else:
            if depth > MAX_DEPTH:
                self._refuse("yaml-depth", f"collections can nest at most {MAX_DEPTH} deep", event.start_mark)
            in_flow = bool(event.flow_style)
            self._flow_depth += in_flow
            value = (
                self._mapping(event, depth)
                if kind is yaml.MappingStartEvent
                else self._sequence(event, depth)
            )
            self._flow_depth -= in_flow
        if event.anchor is not None:
            self._anchors[event.anchor] = value
        return value

    def _scalar(self, event: Any) -> Any:
        text = event.value
        self._check_question_mark(event)
        if event.tag is None:
            if not event.implicit[0]:
                if event.style == '"' and "/" in text:
                    self._check_slashes(event)
                return text
            value = resolve_plain(text)
            if isinstance(value, int | float) and not isinstance(value, bool):
                return self._number(value, event)
            return value
        if event.tag in _STR_TAGS:
            if self._flow_depth and not text and event.style in {None, ""}:
                message = "Kubernetes does not read a tag without a value between [ ] or { }; add a value"
                self._refuse("yaml-syntax", message, event.start_mark)
            return text
        return self._refuse_tag(event)

    def _number(self, value: float, event: Any) -> int | float:
        if not math.isfinite(value):
            message = f"{event.value!r} is not a number in Kubernetes; quote it"
            self._refuse("yaml-number", message, event.start_mark)
        number = json_number(value)
        return as_written(number, event.value) if self._written else number

    def _sequence(self, event: Any, depth: int) -> list[Any]:
        if event.tag not in _SEQ_TAGS:
            self._refuse_tag(event)
        items = []
        while type(item := self._next()) is not yaml.SequenceEndEvent:
            items.append(self._node(item, depth + 1))
        return items

    def _mapping(self, event: Any, depth: int) -> dict[str, Any]:
        if event.tag not in _MAP_TAGS:
            self._refuse_tag(event)
        result: dict[str, Any] = {}
        written = set()
        while type(key_event := self._next()) is not yaml.MappingEndEvent:
            if _is_merge(key_event):
                self._merge(result, key_event, depth)
                continue
            key = self._key(key_event, depth)
            if key in written:
                self._refuse("yaml-duplicate-key", f"the key {key!r} is given twice", key_event.start_mark)
            written.add(key)
            result[key] = self._node(self._next(), depth + 1)
        return result

    def _key(self, event: Any, depth: int) -> str:
        if type(event) is yaml.ScalarEvent and event.tag is None and event.implicit[0]:
            self._check_question_mark(event)
            value = resolve_plain(event.value)
            if event.anchor is not None:
                self._anchors[event.anchor] = value
        else:
            value = self._node(event, depth + 1)
        text = None if isinstance(value, dict | list) else key_text(value)
        if text is None:
            self._refuse("yaml-key", "a key must be text", event.start_mark)
        return text

    def _merge(self, into: dict[str, Any], key_event: Any, depth: int) -> None:
        """Read ``<<`` as Kubernetes does: a merge overwrites the keys before it."""
        value = self._node(self._next(), depth + 1)
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            message = "'<<' must have a mapping or a list of mappings"
            self._refuse("yaml-merge", message, key_event.start_mark)
        for source in reversed(sources):
            into.update(source)

    def _alias(self, event: Any) -> Any:
        if event.anchor not in self._anchors:
            message = f"the alias '*{event.anchor}' comes before or inside its anchor"
            self._refuse("yaml-alias", message, event.start_mark)
        return self._copy(self._anchors[event.anchor], event)

    def _copy(self, value: Any, event: Any) -> Any:
        """Copy the value of an alias, as in JSON, so that a change of one copy does not change another."""
        self._from_aliases += 1
        if self._from_aliases > MAX_NODES_FROM_ALIASES:
            message = f"aliases can add at most {MAX_NODES_FROM_ALIASES:,} values to a document"
            self._refuse("yaml-alias", message, event.start_mark)
        if isinstance(value, dict):
            return {key: self._copy(item, event) for key, item in value.items()}
        if isinstance(value, list):
            return [self._copy(item, event) for item in value]
        return value

    def _check_question_mark(self, event: Any) -> None:
        """Refuse a ``?`` in a plain scalar of a flow collection, where Kubernetes' reader starts a key."""
        if self._flow_depth and "?" in event.value and event.style in {None, ""}:
            message = "Kubernetes does not read '?' in a plain scalar between [ ] or { }; quote it"
            self._refuse("yaml-syntax", message, event.start_mark)

    def _check_slashes(self, event: Any) -> None:
        r"""Refuse ``"\/"``, an escape of JSON that libyaml accepts and Kubernetes' reader of YAML does not."""
        source = self._text[event.start_mark.index : event.end_mark.index]
        if r"\/" in source.replace(r"\\", ""):
            message = r"Kubernetes does not know the escape '\/'; write '/'"
            self._refuse("yaml-syntax", message, event.start_mark)

    def _refuse_tag(self, event: Any) -> NoReturn:
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        self._refuse("yaml-tag", f"the tag {tag!r} is not supported; remove it", event.start_mark)

    def _refuse_characters(self, error: yaml.reader.ReaderError | UnicodeEncodeError) -> NoReturn:
        found = _UNREADABLE.search(self._text)
        mark = _Mark(self._text, found.start()) if found else None
        message = f"the character U+{ord(found[0]):04X} must be escaped in YAML" if found else str(error)
        self._refuse("yaml-character", message, mark)

    def _refuse(self, rule: str, message: str, mark: Any) -> NoReturn:
        where = "" if mark is None else f"line {self._first_line + mark.line + 1}, column {mark.column + 1}: "
        raise InputError([Problem(path="", rule=rule, message=where + message, file=self._name)]) from None


class _Mark:
    """Line and column of a place in a text, for errors without a mark of PyYAML."""

    def __init__(self, text: str, index: int) -> None:
        self.line = text.count("\n", 0, index)
        self.column = index - (text.rfind("\n", 0, index) + 1)


_UNREADABLE: Final = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"  # YAML 1.1, production [1] c-printable
)
_NOT_JSON: Final = object()


def _is_merge(event: Any) -> bool:
    return (
        type(event) is yaml.ScalarEvent
        and event.value == _MERGE
        and ((event.tag is None and event.implicit[0]) or event.tag == "tag:yaml.org,2002:merge")
    )


def _load_json(text: str, name: str) -> Any:
    """Read a text that starts with a brace as JSON, which alone has surrogate pairs. Otherwise the text is YAML."""
    if len(text) > MAX_DOCUMENT_CHARS:
        return _NOT_JSON
    try:
        return json.loads(
            text, object_pairs_hook=unique_keys, parse_constant=_refuse_constant, parse_float=_json_float
        )
    except DuplicateKeyError as error:
        raise InputError.of("", "yaml-duplicate-key", str(error), file=name) from None
    except (ValueError, RecursionError):
        return _NOT_JSON


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(word)


def _json_float(digits: str) -> int | float:
    return json_number(float(digits))
