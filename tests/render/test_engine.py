"""The engine is sandboxed, strict, deterministic, and the same for every golden path."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from goldenpath.errors import RenderError
from goldenpath.manifests import RenderedFile
from goldenpath.paths.path_metadata import read_golden_path
from goldenpath.render import compile_path

if TYPE_CHECKING:
    from pathlib import Path

METADATA = "format: golden-path/v1\nname: tiny\nversion: 1.0.0\ntitle: Tiny\nsummary: Tiny.\nowner: us\nlifecycle: production\nspec: tenant\n"


def render(folder: Path, files: dict[str, str], **words: Any) -> tuple[RenderedFile, ...]:
    """Write a tiny golden path and render it."""
    (folder / "golden-path.yaml").write_text(METADATA)
    for name, text in files.items():
        root = folder if name.startswith("templates/") else folder / "[[ cookiecutter.name ]]"
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return compile_path(read_golden_path(folder)).render(words)


def test_files_and_folders_are_named_by_templates(tmp_path: Path) -> None:
    (file,) = render(
        tmp_path, {"[[ where ]]/[[ name ]].yaml": "a: [[ name | yaml ]]\n"}, where="x/y", name="no"
    )
    assert file == RenderedFile("x/y/no.yaml", 'a: "no"\n')


def test_a_file_with_an_empty_name_is_left_out(tmp_path: Path) -> None:
    files = {"d/[% if there %]a.yaml[% endif %]": "", "d/b.yaml": "b\n"}
    assert [file.path for file in render(tmp_path, files, there=False)] == ["d/b.yaml"]
    assert [file.path for file in render(tmp_path, files, there=True)] == ["d/a.yaml", "d/b.yaml"]


def test_shared_parts_are_found_next_to_the_template_folder(tmp_path: Path) -> None:
    files = {
        "templates/part.j2": "[% macro m(x) %]m([[ x ]])[% endmacro %]",
        "a.txt": '[% from "part.j2" import m %]\n[[ m(1) ]]\n',
    }
    assert render(tmp_path, files)[0].text == "m(1)\n"


def test_variables_of_a_file_are_not_visible_in_the_next(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"b\.txt.*'x' is undefined"):
        render(tmp_path, {"a.txt": "[% set x = 1 %][[ x ]]", "b.txt": "[[ x ]]"})


def test_an_unknown_word_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"tiny 1\.0\.0: a\.txt: 'missing' is undefined"):
        render(tmp_path, {"a.txt": "[[ missing ]]"})


def test_a_syntax_error_names_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"a\.txt:2: "):
        render(tmp_path, {"a.txt": "fine\n[% if %]\n"})


@pytest.mark.parametrize(
    "name", ["../out", "/etc/out", "a//b", "a/./b", ".hidden", "a b", "a\\b", "a\nb", "é"]
)
def test_a_file_cannot_leave_its_folder_or_have_a_name_that_means_something(
    name: str, tmp_path: Path
) -> None:
    with pytest.raises(RenderError, match=r"not a plain relative path"):
        render(tmp_path, {"[[ name ]]": ""}, name=name)


@pytest.mark.parametrize(
    "code",
    [
        "[[ word.__class__ ]]",
        "[[ word.__class__.__mro__ ]]",
        "[[ word['__class__'] ]]",
        "[[ [word] | map(attribute='__class__') | first ]]",
        "[[ ['a'] | map(attribute='__class__') | first ]]",
        "[[ ''.__class__.__mro__[1].__subclasses__() ]]",
        "[[ word.items.append(1) ]]",
        "[[ word.act.__globals__ ]]",
        "[[ cycler.__init__.__globals__ ]]",
    ],
)
def test_a_template_reaches_no_python_and_changes_no_value(code: str, tmp_path: Path) -> None:
    word = SimpleNamespace(items=[1], act=lambda: None)
    with pytest.raises(RenderError):
        render(tmp_path, {"a.txt": code}, word=word)
    assert word.items == [1]


def test_a_value_is_never_read_as_a_template(tmp_path: Path) -> None:
    (file,) = render(tmp_path, {"a.txt": "[[ value ]]"}, value="[[ 7*7 ]] [% raw %]")
    assert file.text == "[[ 7*7 ]] [% raw %]"


def test_other_tools_delimiters_need_no_escaping(tmp_path: Path) -> None:
    text = "{{ .PodMeta.Name }} ${var} ${{ parameters.x }} {% raw %} {# note #}\n"
    assert render(tmp_path, {"a.txt": text})[0].text == text


def test_markdown_finds_nothing_to_act_on_in_a_value(tmp_path: Path) -> None:
    (file,) = render(tmp_path, {"a.md": "[[ value | markdown ]]"}, value="*a* <b>`c`</b> [d](e) | # f")
    assert file.text == r"\*a\* &#60;b&#62;\`c\`&#60;/b&#62; \[d\]\(e\) \| \# f"
