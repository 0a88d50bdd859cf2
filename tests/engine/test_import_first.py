"""Whichever of the components' modules a program imports first, it is loaded."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(
    {".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "components").rglob("*.py")} - {"components"}
)
# What is not theirs is loaded once, as are the provider's classes; a child of its own then imports each.
PROGRAM = """
import importlib, os, pkgutil, sys
import config_render, planning.costs, pulumi_command, pulumi_tls
import components.aws
for package in sys.argv[1:]:
    folder = package.replace(".", "/")
    for name in (package, *(f"{package}.{each.name}" for each in pkgutil.iter_modules([folder]))):
        child = os.fork()
        if child == 0:
            importlib.import_module(name)
            os._exit(0)
        if os.waitpid(child, 0)[1] != 0:
            sys.exit(name)
"""


def test_every_module_can_be_the_first_that_is_imported() -> None:
    command = [sys.executable, "-c", PROGRAM, "components", *PACKAGES]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_public_names_are_all_there() -> None:
    program = "from components.manager import Manager; from components import *; print(read_stack.__name__)"
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (result.stdout, result.returncode) == ("read_stack\n", 0), result.stderr
