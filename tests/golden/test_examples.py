"""Every example renders its expected files; `pytest tests/golden --update-golden` writes them again."""

from __future__ import annotations

import pytest
from stories import LISTING, Story, stories

from goldenpath.findings import Severity
from goldenpath.paths import Library

STORIES = stories()


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_an_example_renders_its_expected_files(story: Story, request: pytest.FixtureRequest) -> None:
    rendered = {file.path: file.text for file in story.render().files}
    listing = "".join(f"{path}\n" for path in sorted(rendered))
    expected = {
        file.relative_to(story.expected).as_posix(): file
        for file in story.expected.rglob("*")
        if file.is_file()
    }
    if request.config.getoption("--update-golden"):
        (story.expected / LISTING).write_text(listing)
        for path, file in expected.items():
            if path in rendered:
                file.write_text(rendered[path])
            elif path != LISTING:
                file.unlink()
        return
    assert len(expected) > 1, (
        f"{story.name} expects no file: put the ones that the story is about into {story.expected}"
    )
    assert (story.expected / LISTING).read_text() == listing
    for path, file in expected.items():
        if path != LISTING:
            assert rendered[path] == file.read_text(), (
                f"{story.name}: {path} differs; if that is meant, use --update-golden"
            )


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_no_example_has_an_error(story: Story) -> None:
    assert [finding for finding in story.run().findings if finding.severity is Severity.ERROR] == []


def test_every_golden_path_has_an_example() -> None:
    assert {story.path for story in STORIES} == {path.name for path in Library()}
