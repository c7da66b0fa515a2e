"""Generated pages are what their generators say."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_of_checks_is_that_of_the_checks():
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        from make_check_docs import PAGE, page
    finally:
        sys.path.pop(0)
    assert PAGE.read_text() == page(), "run python scripts/make_check_docs.py"


def test_the_readme_names_every_command():
    listed = subprocess.run(
        [sys.executable, "-c", "from femurkit.cli import app; print(*[c.name for c in "
         "app.registered_commands])"], capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    readme = (ROOT / "README.md").read_text()
    assert [name for name in listed if f"femurkit {name}" not in readme and name != "demo"] == []
