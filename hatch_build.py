"""How the wheel is made: the checkout's folders become one package, `gitlab_runner_aws`, which can clash with nobody's.

`components/` becomes the package itself and the other folders its subpackages. Their imports of each other are
rewritten to the package's name; what can't be rewritten ends the build.
"""

import ast
import re
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "gitlab_runner_aws"
HOMES = {"components": PACKAGE} | {f: f"{PACKAGE}.{f}" for f in ("config_render", "planning", "review")}
"""What each folder's package is called in the wheel."""

_BY_NAME = ("__import__", "find_spec", "import_module", "run_module")
_NO_CODE = shutil.ignore_patterns("__pycache__", "*.pyc")


class PackageHook(BuildHookInterface[Any]):
    """Lays out the package in a folder of its own, and has the wheel made of that."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Raises ValueError for an import that can't be rewritten, and for an editable installation."""
        if version == "editable":
            raise ValueError("an editable installation is not possible, because imports are rewritten: pip install .")
        self._scratch = tempfile.mkdtemp()
        lay_out(Path(self.root), Path(self._scratch))
        build_data["force_include"][self._scratch] = PACKAGE

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        shutil.rmtree(self._scratch)


def lay_out(root: Path, target: Path) -> None:
    """Fill the folder `target` with the package, made of the checkout at `root`."""
    for folder, home in HOMES.items():
        if (root / folder).is_dir():
            below = target.joinpath(*home.split(".")[1:])
            shutil.copytree(root / folder, below, ignore=_NO_CODE, dirs_exist_ok=True)
    for path in sorted(target.rglob("*.py")):
        text = path.read_text()
        if (changed := rewritten(text, str(path.relative_to(target)))) != text:
            path.write_text(changed)
    (target / "py.typed").touch()


def rewritten(text: str, name: str) -> str:
    """Return a module's text with imports as they are in the wheel. Raises ValueError where that can't be done."""
    lines = text.splitlines(keepends=True)
    for node in _imports_of_folders(ast.parse(text)):
        line = lines[node.lineno - 1]
        folder = _folder(node.module) if isinstance(node, ast.ImportFrom) else ""
        before, after = line[: node.col_offset], line[node.col_offset :]
        if not folder or not after.startswith(f"from {folder}"):
            raise ValueError(f"{name}:{node.lineno}: write it as `from FOLDER import ...`: {line.strip()}")
        lines[node.lineno - 1] = f"{before}from {HOMES[folder]}{after.removeprefix(f'from {folder}')}"
    return "".join(lines)


def _imports_of_folders(tree: ast.AST) -> Iterator[ast.ImportFrom | ast.Import | ast.Call]:
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=module, level=0) if _folder(module):
                yield node
            case ast.Import(names=names) if any(_folder(each.name) for each in names):
                yield node
            case ast.Call(
                func=ast.Name(id=called) | ast.Attribute(attr=called), args=[ast.Constant(value=str(what)), *_]
            ):
                if called in _BY_NAME and _folder(what):
                    yield node


def _folder(module: str | None) -> str:
    """The folder that a module's name leads to, or nothing."""
    top = (module or "").partition(".")[0]
    return top if top in HOMES else ""


def version_mistake(root: Path) -> str | None:
    """Return what is wrong with the version that the checkout at `root` has, or None."""
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    first = re.search(r"^## (\S+)", (root / "CHANGELOG.md").read_text(), re.MULTILINE)
    if first is not None and first[1] == version:
        return None
    begins = first[1] if first else "no version"
    return f"pyproject.toml: version = {version}: CHANGELOG.md begins with {begins}; make them the same"


if __name__ == "__main__":
    sys.exit(version_mistake(Path(__file__).parent))
