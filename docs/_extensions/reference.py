"""Sphinx extension: writes docs/reference/ before the site is made: models, docstrings, help texts."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

import components

from . import api, settings

ROOT = Path(__file__).parents[2]
_COMMANDS = ("config_render", "localcloud", "review")


def help_texts(module: str) -> Iterator[str]:
    """What `python -m MODULE --help` prints, then the same of each of its commands."""
    text = _help(module)
    yield text
    for command in re.findall(r"^    ([a-z][a-z-]*) ", text, re.MULTILINE):
        yield _help(module, command)


def _help(*arguments: str) -> str:
    command = [sys.executable, "-m", *arguments, "--help"]
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout


def _command_line() -> str:
    modules = [module for module in _COMMANDS if (ROOT / module / "__main__.py").exists()]
    parts = [f"## `python -m {m}`\n\n```text\n{chr(10).join(help_texts(m)).strip()}\n```\n" for m in modules]
    return "\n".join(["# Commands\n", (Path(__file__).parent / "commands.md").read_text(), *parts])


def write(_: Sphinx) -> None:
    """Write the pages; those that are as they were keep their time, so that Sphinx does not read them again."""
    # The name that the package has where it is installed.
    sys.modules["gitlab_runner_aws"] = components
    folder = ROOT / "docs" / "reference"
    folder.mkdir(exist_ok=True)
    texts = {**settings.pages(), "python.md": api.text(), "commands.md": _command_line()}
    for path in {*folder.glob("*.md")} - {folder / name for name in texts}:
        path.unlink()
    for name, text in texts.items():
        path = folder / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def setup(app: Sphinx) -> dict[str, Any]:
    """Have Sphinx call `write` first."""
    app.connect("builder-inited", write)
    app.connect("autodoc-process-docstring", api.as_rst)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
