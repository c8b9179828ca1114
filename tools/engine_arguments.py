"""Say which arguments the server of an inference engine takes, as ``goldenpath/engines/arguments`` holds them.

    python tools/engine_arguments.py vllm 0.32.0 WHEEL_OR_FOLDER …
    python tools/engine_arguments.py llama-cpp b9840 FOLDER_OF_LLAMA_CPP

The sources are read as syntax trees; nothing of an engine is imported or run. What is kept is facts: name, other names,
type, choices, default, whether it is deprecated and what takes its place; with the digest of each file that was read.
Prose is not kept. A value that only a running engine knows (a default of the machine, choices of plug-ins) is left out.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import re
import sys
import zipfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import llama_cpp_arguments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

LLAMA_CPP: Final = "llama-cpp"
"""An engine in C++, whose arguments are read by ``llama_cpp_arguments.py``."""
OUT: Final = Path(__file__).resolve().parent.parent / "goldenpath" / "engines" / "arguments"
_UNKNOWN: Final = object()
_DEEPEST: Final = 8
"""Names that are followed one after another."""
_DEPRECATED: Final = re.compile(r"^\W*(\[?deprecated|\S+ (is|are) deprecated)|\(deprecated", re.IGNORECASE)
_INSTEAD: Final = re.compile(r"\buse\s+`*(--[a-z][a-z0-9-]*)", re.IGNORECASE)
_SIMPLE: Final = {"int": "integer", "float": "number", "str": "text"}
_MAPPINGS: Final = frozenset({"dict", "Dict", "Mapping"})
_LISTS: Final = frozenset({"list", "List", "tuple", "Tuple", "set", "Set", "Sequence"})


@dataclass(frozen=True)
class EngineSource:
    """Where an engine declares its arguments.

    ``calls`` are files with ``add_argument``; ``classes`` name classes whose every field is an argument, as
    ``module:Class``, or ``module:*`` for every class of a module, or ``package.*:*`` for every module of a package.
    ``switches`` says that a truth value has a ``--no-…`` form.
    """

    project: str
    calls: tuple[str, ...]
    classes: tuple[str, ...]
    switches: bool


_VLLM_FRONTENDS: Final = tuple(
    f"vllm.entrypoints.{place}.cli_args" for place in ("common", "launchers", "openai")
)
"""Where vLLM keeps the arguments of its HTTP server: a release has one of them."""

ENGINES: Final[Mapping[str, EngineSource]] = {
    "vllm": EngineSource(
        "vllm-project/vllm",
        ("vllm.engine.arg_utils", *_VLLM_FRONTENDS),
        tuple(
            f"{module}:{name}" for module in _VLLM_FRONTENDS for name in ("BaseFrontendArgs", "FrontendArgs")
        ),
        switches=True,
    ),
    "sglang": EngineSource(
        "sgl-project/sglang",
        ("sglang.srt.server_args",),
        ("sglang.srt.arg_groups.fields.*:*", "sglang.srt.server_args:ServerArgs"),
        switches=False,
    ),
}


@dataclass
class Argument:
    """One argument. ``default`` and ``choices`` are left out where the source does not write them down."""

    name: str
    type: str
    aliases: list[str] = field(default_factory=list)
    choices: list[Any] | None = None
    default: Any = _UNKNOWN
    deprecated: bool = False
    instead: str | None = None

    def facts(self) -> dict[str, Any]:
        """The argument as the catalogue writes it: what says nothing is left out."""
        found: dict[str, Any] = {"name": self.name, "type": self.type}
        if self.aliases:
            found["aliases"] = self.aliases
        if self.choices:
            found["choices"] = self.choices
        if self.default is not _UNKNOWN and self.default is not None:
            found["default"] = self.default
        if self.deprecated:
            found["deprecated"] = True
            if self.instead:
                found["instead"] = self.instead
        return found


@dataclass(frozen=True)
class Field:
    """A field of a class: its annotation, its value, and the text beside it."""

    annotation: ast.expr
    value: ast.expr | None
    text: str


class Module:
    """One source file as a syntax tree."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self.sha256 = hashlib.sha256(data).hexdigest()
        self.tree = ast.parse(data)

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        return {node.name: node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef)}

    @cached_property
    def values(self) -> dict[str, ast.expr]:
        """Names that are bound once at the top of the module."""
        found: dict[str, ast.expr] = {}
        for node in ast.walk(self.tree):
            if (
                isinstance(node, ast.Assign)
                and len(node.targets) == 1
                and isinstance(node.targets[0], ast.Name)
            ):
                found.setdefault(node.targets[0].id, node.value)
            elif isinstance(node, ast.AnnAssign) and node.value and isinstance(node.target, ast.Name):
                found.setdefault(node.target.id, node.value)
        return found

    @cached_property
    def imports(self) -> dict[str, tuple[str, str]]:
        found = {}
        package = self.name.rsplit(".", 1)[0]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    parents = self.name.split(".")[: -node.level]
                    base = ".".join([*parents, base] if base else parents)
                for alias in node.names:
                    found[alias.asname or alias.name] = (base or package, alias.name)
        return found


class Sources:
    """The modules of an engine, in wheels or folders; each is read once, and only when it is needed."""

    def __init__(self, places: Sequence[Path]) -> None:
        self._files: dict[str, bytes] = {}
        self._modules: dict[str, Module | None] = {}
        for place in places:
            self._files.update(_python_files(place))
        self.read: dict[str, str] = {}

    def module(self, name: str) -> Module | None:
        """A module by its dotted name; None where it is not there."""
        if name not in self._modules:
            stem = name.replace(".", "/")
            path = next((p for p in (f"{stem}.py", f"{stem}/__init__.py") if p in self._files), None)
            self._modules[name] = Module(name, self._files[path]) if path else None
            if path:
                self.read[path] = hashlib.sha256(self._files[path]).hexdigest()
        return self._modules[name]

    def names(self, pattern: str) -> list[str]:
        """Modules of a package (``a.b.*``), or the one of that name."""
        if not pattern.endswith(".*"):
            return [pattern]
        folder = pattern[:-2].replace(".", "/")
        found = (path[:-3].replace("/", ".") for path in self._files if path.rpartition("/")[0] == folder)
        return sorted(name for name in found if not name.endswith(".__init__"))

    def resolve(self, module: Module, name: str) -> tuple[Module, Any] | None:
        """The class or value that a name means in a module, followed through imports."""
        for _ in range(12):
            if name in module.classes:
                return module, module.classes[name]
            if name in module.values:
                return module, module.values[name]
            if name not in module.imports:
                return None
            place, name = module.imports[name]
            following = self.module(place)
            if following is None:
                return None
            module = following
        return None


def _python_files(place: Path) -> Iterator[tuple[str, bytes]]:
    if place.is_dir():
        for file in place.rglob("*.py"):
            yield file.relative_to(place).as_posix(), file.read_bytes()
        return
    with zipfile.ZipFile(place) as wheel:
        for name in wheel.namelist():
            if name.endswith(".py") and ".data/" not in name:
                yield name, wheel.read(name)


class Reader:
    """Reads the arguments of one engine."""

    def __init__(self, engine: EngineSource, sources: Sources) -> None:
        self._engine = engine
        self._sources = sources

    def arguments(self) -> list[Argument]:
        """Every argument by name; what is registered by a call goes before a field of the same name."""
        found: dict[str, Argument] = {}
        for pattern in self._engine.classes:
            place, _, wanted = pattern.partition(":")
            for name in self._sources.names(place):
                module = self._sources.module(name)
                for each in self._of_classes(module, wanted) if module else ():
                    found[each.name] = each
        for name in self._engine.calls:
            module = self._sources.module(name)
            for each in self._of_calls(module) if module else ():
                found[each.name] = each
            for field_name, change in _changes(module.tree) if module else ():
                argument = found.get(f"--{field_name.replace('_', '-')}")
                if argument is not None:
                    change(argument)
        return sorted(found.values(), key=lambda argument: argument.name)

    # -- fields of classes

    def _of_classes(self, module: Module, wanted: str) -> Iterator[Argument]:
        for name, node in module.classes.items():
            if wanted in {"*", name}:
                for field_name, found in self._own_fields(node).items():
                    argument = self._of_field(module, field_name, found)
                    if argument is not None:
                        yield argument

    def _own_fields(self, node: ast.ClassDef) -> dict[str, Field]:
        found: dict[str, Field] = {}
        for index, line in enumerate(node.body):
            if not isinstance(line, ast.AnnAssign) or not isinstance(line.target, ast.Name):
                continue
            after = node.body[index + 1] if index + 1 < len(node.body) else None
            text = ""
            if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                text = str(after.value.value)
            if not line.target.id.startswith("_") and "ClassVar" not in ast.dump(line.annotation):
                found[line.target.id] = Field(line.annotation, line.value, text)
        return found

    def _fields(self, module: Module, node: ast.ClassDef) -> dict[str, tuple[Module, Field]]:
        """The fields of a class with those of its bases."""
        found: dict[str, tuple[Module, Field]] = {}
        for base in node.bases:
            there = self._sources.resolve(module, base.id) if isinstance(base, ast.Name) else None
            if there is not None and isinstance(there[1], ast.ClassDef):
                found |= self._fields(*there)
        return found | {name: (module, each) for name, each in self._own_fields(node).items()}

    def _of_field(self, module: Module, name: str, found: Field) -> Argument | None:
        """SGLang writes ``A[type, "help"]`` or ``A[type, Arg(…)]``; what has neither is no argument there."""
        marked = _annotated(found.annotation)
        if marked is None:
            if not self._engine.switches:
                return None
            return self._described(f"--{name.replace('_', '-')}", (), module, found, {})
        inner, extra = marked
        arg = next((each for each in extra if isinstance(each, ast.Call) and _called(each) == "Arg"), None)
        said = {word.arg: word.value for word in arg.keywords if word.arg} if arg else {}
        if arg is not None and arg.args:
            said.setdefault("help", arg.args[0])
        text = next((self._text(module, each) for each in extra if not isinstance(each, ast.Call)), "")
        if arg is None and not any(
            isinstance(each, ast.Constant | ast.JoinedStr | ast.BinOp) for each in extra
        ):
            return None
        if self._value(module, said.get("no_cli")) is True:
            return None
        cli = self._value(module, said.get("cli_name"))
        flag = cli if isinstance(cli, str) else f"--{name.replace('_', '-')}"
        aliases = self._value(module, said.get("aliases"))
        described = Field(inner, found.value, self._text(module, said.get("help")) or text)
        return self._described(flag, aliases if isinstance(aliases, list) else (), module, described, said)

    # -- calls of add_argument

    def _of_calls(self, module: Module) -> Iterator[Argument]:
        for function in ast.walk(module.tree):
            if isinstance(function, ast.FunctionDef) and function.name in {"add_cli_args", "make_arg_parser"}:
                bound = self._bound(module, function)
                for call in ast.walk(function):
                    if isinstance(call, ast.Call) and _called(call) == "add_argument":
                        argument = self._of_call(module, call, bound)
                        if argument is not None:
                            yield argument

    def _bound(self, module: Module, function: ast.FunctionDef) -> dict[str, tuple[Module, ast.ClassDef]]:
        """Names that hold the arguments of a class: ``model_kwargs = get_kwargs(ModelConfig)``."""
        found = {}
        for node in ast.walk(function):
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.value, ast.Call)
                and _called(node.value) == "get_kwargs"
                and isinstance(node.targets[0], ast.Name)
                and isinstance(node.value.args[0], ast.Name)
            ):
                there = self._sources.resolve(module, node.value.args[0].id)
                if there is not None and isinstance(there[1], ast.ClassDef):
                    found[node.targets[0].id] = there
        return found

    def _of_call(
        self, module: Module, call: ast.Call, bound: Mapping[str, tuple[Module, ast.ClassDef]]
    ) -> Argument | None:
        flags = [value for each in call.args if isinstance(value := self._value(module, each), str)]
        long = [flag for flag in flags if flag.startswith("--")]
        if not long:
            return None
        said = {word.arg: word.value for word in call.keywords if word.arg}
        for spread in [
            each for word in call.keywords if word.arg is None for each in _spread(word.value, said)
        ]:
            if isinstance(spread, ast.Subscript) and isinstance(spread.value, ast.Name):
                there, key = bound.get(spread.value.id), self._value(module, spread.slice)
                if there is not None and isinstance(key, str) and key in (known := self._fields(*there)):
                    home, found = known[key]
                    others = [flag for flag in flags if flag != long[0]]
                    return self._described(long[0], others, home, found, said)
        name = ast.Name("str")
        kind = said.get("type") if isinstance(said.get("type"), ast.Name) else name
        described = Field(kind or name, said.get("default"), self._text(module, said.get("help")))
        return self._described(long[0], [flag for flag in flags if flag != long[0]], module, described, said)

    # -- facts

    def _described(
        self,
        flag: str,
        aliases: Sequence[str],
        module: Module,
        found: Field,
        said: Mapping[str, ast.expr],
    ) -> Argument:
        text = self._text(module, said.get("help")) or found.text
        argument = Argument(flag, self._type(module, found.annotation), list(aliases))
        argument.choices = self._choices(module, found.annotation)
        action = ast.dump(said["action"]) if "action" in said else ""
        if "BooleanOptionalAction" in action:
            argument.type = "switch"
        elif "store_true" in action or "StoreTrue" in action or "StoreConst" in action:
            argument.type = "flag"
        elif argument.type == "boolean":
            argument.type = "switch" if self._engine.switches else "flag"
        if "choices" in said and isinstance(
            listed := self._value(module, said["choices"]), list | tuple | set
        ):
            argument.choices = sorted(listed, key=str) if isinstance(listed, set) else list(listed)
        if (
            "nargs" in said
            and argument.type not in {"flag", "switch"}
            and self._value(module, said["nargs"]) in {"+", "*"}
        ):
            argument.type = "list"
        argument.default = self._default(module, said.get("default") or found.value)
        argument.deprecated = bool(_DEPRECATED.search(text.strip())) or "Deprecated" in action
        argument.deprecated |= self._value(module, said.get("deprecated")) is True
        if argument.deprecated:
            new = self._value(module, said.get("new_flag"))
            match = _INSTEAD.search(text)
            argument.instead = new if isinstance(new, str) else match[1] if match else None
        return argument

    def _members(self, module: Module, annotation: ast.expr) -> Iterator[tuple[Module, ast.expr]]:
        """The members of a union, through aliases, without None."""
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            annotation = ast.parse(annotation.value, mode="eval").body
        if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
            yield from self._members(module, annotation.left)
            yield from self._members(module, annotation.right)
        elif isinstance(annotation, ast.Subscript) and _name(annotation.value) in {
            "Optional",
            "Union",
            "Annotated",
            "SkipValidation",
        }:
            inner = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
            for each in inner[:1] if _name(annotation.value) == "Annotated" else inner:
                yield from self._members(module, each)
        elif isinstance(annotation, ast.Constant) and annotation.value is None:
            return
        elif isinstance(annotation, ast.Name) and annotation.id not in {
            *_SIMPLE,
            "bool",
            *_MAPPINGS,
            *_LISTS,
        }:
            there = self._sources.resolve(module, annotation.id)
            if there is not None and isinstance(there[1], ast.Subscript | ast.BinOp):
                yield from self._members(*there)
            else:
                yield module, annotation
        else:
            yield module, annotation

    def _type(self, module: Module, annotation: ast.expr) -> str:
        members = list(self._members(module, annotation))
        names = {_name(each.value if isinstance(each, ast.Subscript) else each) for _, each in members}
        if names == {"bool", "str"}:
            return "text"
        if "bool" in names:
            return "boolean"
        if any(self._is_record(home, each) for home, each in members) or names & _MAPPINGS:
            return "json"
        if "Literal" in names:
            literals = self._literals(module, annotation)
            return "integer" if literals and all(isinstance(each, int) for each in literals) else "text"
        if names & _LISTS:
            return "list"
        return next(
            (_SIMPLE[name] for name in ("int", "float") if name in names and "str" not in names), "text"
        )

    def _is_record(self, module: Module, node: ast.expr) -> bool:
        """Whether a member is a class with fields, which an argument takes as JSON."""
        if not isinstance(node, ast.Name) or node.id in _SIMPLE:
            return False
        there = self._sources.resolve(module, node.id)
        if there is None or not isinstance(there[1], ast.ClassDef):
            return False
        bases = {
            _name(base.value if isinstance(base, ast.Subscript) else base) or "" for base in there[1].bases
        }
        if bases & _MAPPINGS:
            return True
        return not any("Enum" in base for base in bases) and bool(self._own_fields(there[1]))

    def _literals(self, module: Module, annotation: ast.expr) -> list[Any]:
        found: list[Any] = []
        for home, each in self._members(module, annotation):
            if isinstance(each, ast.Subscript) and _name(each.value) == "Literal":
                parts = each.slice.elts if isinstance(each.slice, ast.Tuple) else [each.slice]
                for part in parts:
                    value = self._value(home, part)
                    if value is _UNKNOWN and isinstance(part, ast.Name):
                        found += self._literals(home, part)
                    elif value is not _UNKNOWN:
                        found.append(value)
        return found

    def _choices(self, module: Module, annotation: ast.expr) -> list[Any] | None:
        """The literals, where nothing else is a member: beside a text they are examples."""
        members = [each for _, each in self._members(module, annotation)]
        closed = all(isinstance(each, ast.Subscript) and _name(each.value) == "Literal" for each in members)
        literals = self._literals(module, annotation)
        if closed and literals:
            return literals
        # A list of literals: each of its values is one of them.
        for home, each in self._members(module, annotation):
            if (
                isinstance(each, ast.Subscript)
                and _name(each.value) in _LISTS
                and not isinstance(each.slice, ast.Tuple)
            ):
                inner = self._literals(home, each.slice)
                if inner:
                    return inner
        return None

    def _default(self, module: Module, value: ast.expr | None) -> Any:
        if isinstance(value, ast.Call) and _called(value) in {"field", "Field"}:
            for word in value.keywords:
                if word.arg == "default":
                    return self._default(module, word.value)
                if word.arg == "default_factory" and _name(word.value) in {"list", "dict"}:
                    return [] if _name(word.value) == "list" else {}
            return self._default(module, value.args[0]) if value.args else _UNKNOWN
        found = self._value(module, value)
        return found if _is_plain(found) else _UNKNOWN

    def _value(self, module: Module, node: ast.AST | None, depth: int = 0) -> Any:
        """What an expression comes to, where the sources write it down."""
        found: Any = _UNKNOWN
        if node is None or depth > _DEEPEST:
            return found
        if isinstance(node, ast.Name):
            there = self._sources.resolve(module, node.id)
            if there is not None and not isinstance(there[1], ast.ClassDef):
                found = self._value(there[0], there[1], depth + 1)
        elif isinstance(node, ast.List | ast.Tuple | ast.Set):
            parts = [self._value(module, each, depth + 1) for each in node.elts]
            found = _UNKNOWN if any(each is _UNKNOWN for each in parts) else parts
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            left, right = (self._value(module, each, depth + 1) for each in (node.left, node.right))
            if type(left) is type(right) and isinstance(left, int | float | str | list):
                found = left + right
        elif isinstance(node, ast.expr):
            with contextlib.suppress(ValueError, TypeError, MemoryError):
                found = ast.literal_eval(node)
        return found

    def _text(self, module: Module, node: ast.AST | None) -> str:
        if isinstance(node, ast.JoinedStr):
            return "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
        value = self._value(module, node)
        return value if isinstance(value, str) else ""


def _changes(tree: ast.AST) -> Iterator[tuple[str, Callable[[Argument], None]]]:
    """What vLLM changes in the arguments of a field after it has derived them: ``kwargs["field"]["type"] = json.loads``."""

    def to_json(argument: Argument) -> None:
        argument.type = "json"

    def to_list(argument: Argument) -> None:
        argument.type = "list"

    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and (place := _field_place(node.targets[0])):
            if place[1] == "type" and "loads" in ast.dump(node.value):
                yield place[0], to_json
            elif place[1] == "action" and getattr(node.value, "value", None) == "append":
                yield place[0], to_list
        elif (
            isinstance(node, ast.Call) and _called(node) == "remove" and isinstance(node.func, ast.Attribute)
        ):
            place, value = _field_place(node.func.value), node.args[0] if node.args else None
            if place and place[1] == "choices" and isinstance(value, ast.Constant):
                yield place[0], _without(value.value)


def _without(value: Any) -> Callable[[Argument], None]:
    def change(argument: Argument) -> None:
        argument.choices = [each for each in argument.choices or [] if each != value]

    return change


def _field_place(node: ast.AST) -> tuple[str, str] | None:
    """``("field", "type")`` of ``kwargs["field"]["type"]``."""
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Subscript):
        inner, outer = node.value.slice, node.slice
        if isinstance(inner, ast.Constant) and isinstance(outer, ast.Constant):
            return str(inner.value), str(outer.value)
    return None


def _annotated(annotation: ast.expr) -> tuple[ast.expr, list[ast.expr]] | None:
    if isinstance(annotation, ast.Subscript) and _name(annotation.value) in {"A", "Annotated"}:
        parts = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
        return parts[0], list(parts[1:])
    return None


def _spread(value: ast.expr, said: dict[str, ast.expr]) -> Iterator[ast.expr]:
    """What is spread into a call: ``**kwargs["x"]``, or ``**{**kwargs["x"], "default": None}``, whose rest is said too."""
    if not isinstance(value, ast.Dict):
        yield value
        return
    for key, each in zip(value.keys, value.values, strict=True):
        if key is None:
            yield each
        elif isinstance(key, ast.Constant):
            said[str(key.value)] = each


def _name(node: ast.AST) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else None


def _called(call: ast.Call) -> str | None:
    return _name(call.func)


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(_is_plain(each) for each in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(each) for key, each in value.items())
    return value is None or isinstance(value, bool | int | float | str)


def document(engine: str, version: str, places: Sequence[Path]) -> dict[str, Any]:
    """The arguments of one version of an engine, with the digests of the files that they were read in.

    Raises:
        ValueError: none of the modules of :data:`ENGINES` is there.
    """
    if engine == LLAMA_CPP:
        return _llama_cpp(version, places[0])
    source = ENGINES[engine]
    sources = Sources(places)
    found = Reader(source, sources).arguments()
    if not found:
        raise ValueError(
            f"no arguments of {engine} {version} in {', '.join(map(str, places))}: did its modules move?"
        )
    return {
        "engine": engine,
        "version": version,
        "project": source.project,
        "files": dict(sorted(sources.read.items())),
        "arguments": [each.facts() for each in found],
    }


def _llama_cpp(version: str, folder: Path) -> dict[str, Any]:
    data = (folder / llama_cpp_arguments.FILE).read_bytes()
    return {
        "engine": LLAMA_CPP,
        "version": version,
        "project": "ggml-org/llama.cpp",
        "files": {llama_cpp_arguments.FILE: hashlib.sha256(data).hexdigest()},
        "arguments": llama_cpp_arguments.arguments(data.decode()),
    }


def written(content: Mapping[str, Any]) -> str:
    """The file: one argument a line."""
    head = {key: value for key, value in content.items() if key not in {"arguments", "files"}}
    lines = [f" {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    files = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in content["files"].items())
    arguments = ",\n".join(f"  {json.dumps(each, ensure_ascii=False)}" for each in content["arguments"])
    return (
        "\n".join(["{", *lines, f' "files": {{\n{files}\n }},', f' "arguments": [\n{arguments}\n ]', "}"])
        + "\n"
    )


def main(arguments: list[str]) -> int:
    """Write the list of one version of an engine; the exit code."""
    if len(arguments) < 3 or arguments[0] not in {*ENGINES, LLAMA_CPP}:  # noqa: PLR2004 - engine, version and a place
        print(__doc__)
        return 2
    engine, version, *places = arguments
    content = document(engine, version, [Path(place) for place in places])
    OUT.mkdir(exist_ok=True)
    (OUT / f"{engine}-{version}.json").write_text(written(content), encoding="utf-8")
    print(f"{engine} {version}: {len(content['arguments'])} arguments from {len(content['files'])} files")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
