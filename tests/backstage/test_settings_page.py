"""The documentation lists exactly the settings that the backend reads."""

from __future__ import annotations

import re
from pathlib import Path

from goldenpath_backstage.settings import read_settings
from goldenpath_backstage.settings_page import settings_reference

DOCS = Path(__file__).parents[2] / "docs"


def test_the_settings_that_the_guide_shows_are_accepted(tmp_path: Path) -> None:
    page = (DOCS / "tasks" / "run-the-backend.md").read_text()
    (shown,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    file = tmp_path / "serve.yaml"
    file.write_text(shown)
    settings = read_settings(file, environment={"HOME": "/home/ada"})

    assert not settings.is_open
    assert settings.database.get_secret_value() == "sqlite:////home/ada/.local/state/goldenpath/ledger.db"


def test_the_page_of_settings_is_up_to_date() -> None:
    assert (DOCS / "reference" / "backend-settings.md").read_text() == settings_reference(), (
        "run `make generate`"
    )
