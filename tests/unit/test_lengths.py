"""The product's files and functions are as short as CONTRIBUTING.md says; how much a function decides, ruff limits."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("components", "config_render", "planning", "plugin", "review", "localcloud")
FILE, FUNCTION = 300, 60


@pytest.mark.parametrize("folder", PRODUCT)
def test_files_and_functions_stay_short(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    long = []
    for path in files:
        text = path.read_text()
        if (lines := text.count("\n")) > FILE:
            long.append(f"{path.relative_to(ROOT)}: {lines} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION:
                    long.append(f"{path.relative_to(ROOT)}: {node.name} has {lines} lines")
    assert long == []
