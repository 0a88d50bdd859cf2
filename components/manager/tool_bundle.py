"""The tool that runs on the manager, as one text that a preview can show and one shell command can unpack."""

import hashlib
import shlex
from collections.abc import Iterator
from functools import cache
from importlib import metadata, resources
from importlib.resources.abc import Traversable

import tomli
import tomli_w

from .. import manager_tool
from ..manager_tool.contract.constants import DEPLOYMENT, FOLDER, TARGET

_MARK = "#### file: "
_PACKAGES = {"manager_tool": manager_tool, "tomli": tomli, "tomli_w": tomli_w}
"""The tool, and what it takes along, as it is installed here. Those are pure Python, for 3.9 and newer; where a faster
compiled form of one is installed, its sources are beside it. Managers get no packages, and Python has a reader since
3.11 alone.
"""

# A link that is cut ends the script where it is: nothing before the last `mv` is seen by anybody.
_UNPACK = """\
set -eu
umask 022
trap 'test $? -eq 0 || echo "tool: not put in place; what was there still is. Run pulumi up again." >&2' EXIT
{checks}exec 9>{lock}
flock 9
mkdir -p {folder}
cd {folder}
rm -rf new
mkdir -p {folders}
cat > new/bundle
echo "{digest}  new/bundle" | sha256sum --check --quiet - || {{ echo "tool: it arrived cut off" >&2; exit 1; }}
cd new
awk '/^{mark}/ {{ close(file); file = $3; printf "" > file; next }} {{ print > file }}' bundle
chmod 755 manager-tool
cd ..
test -d {short} || mv -T new {short}
ln -sfn {short}/manager-tool link
mv -T link {target}
find . -mindepth 1 -maxdepth 1 -type d ! -name {short} -exec rm -rf {{}} +
"""

_PROGRAM = """#!/usr/bin/env python3
import sys

try:
    from manager_tool.program import main
except (ImportError, OSError, MemoryError, SystemError) as error:
    # Without memory for its modules Python says any of these.
    sys.exit(
        f"{' '.join(sys.argv[1:2])}: Python could not load the tool ({str(error) or 'no memory'}); nothing was "
        "changed. If `free -m` shows no memory left, set a larger manager.instanceType, else another manager.rerun. "
        "Then run `pulumi up` again."
    )
sys.exit(main())
"""


_NEEDED = {
    "test -d /run/systemd/system": "the manager does not run systemd, which is to keep gitlab-runner running",
    'python3 -c "import sys; sys.exit(sys.version_info < (3, 9))"': "the manager's python3 is missing or below 3.9",
}
"""What must hold on the manager before anything is changed there, as shell commands, and what is wrong otherwise."""


def bundle() -> str:
    """Return all files of the tool and of the packages that it takes along, each behind a line with its name."""
    return "".join(f"{_MARK}{name}\n{text}" for name, text in (("manager-tool", _PROGRAM), *_files()))


@cache
def _files() -> tuple[tuple[str, str], ...]:
    """Return the path and text of each module, and of the licences, which are to go with every copy."""
    modules = (each for name, package in _PACKAGES.items() for each in _modules(name, resources.files(package)))
    licences = (
        (f"{name}/{path.name}", path.read_text(encoding="utf-8"))
        for name in (tomli.__name__, tomli_w.__name__)
        for path in metadata.files(name) or ()
        if path.name == "LICENSE"
    )
    return *modules, *licences


def _modules(path: str, folder: Traversable) -> Iterator[tuple[str, str]]:
    for each in sorted(folder.iterdir(), key=lambda each: each.name):
        inside = f"{path}/{each.name}"
        if each.is_dir():
            yield from _modules(inside, each)
        elif each.name.endswith(".py"):
            yield inside, each.read_text(encoding="utf-8")


def unpack(text: str) -> str:
    """Return the shell script that puts its standard input in place as the tool, if it is `text` as a whole.

    Each version has a folder of its own, and is taken into use by renaming a link: no other step ever sees a part. The
    steps' own lock keeps a version from being removed while a step runs it.
    """
    digest = hashlib.sha256(text.encode()).hexdigest()
    checks = "".join(
        f"{test} || {{ echo {shlex.quote(f'tool: {wrong}; choose another manager.os, ami or host')} >&2; exit 1; }}\n"
        for test, wrong in _NEEDED.items()
    )
    folders = " ".join(sorted({f"new/{name.rpartition('/')[0]}" for name, _ in _files()}))
    facts = {"folder": FOLDER, "target": TARGET, "mark": _MARK, "lock": DEPLOYMENT, "checks": checks}
    return _UNPACK.format(digest=digest, short=digest[:12], folders=folders, **facts)


def as_root(script: str, login: str) -> str:
    """Return the command that runs a script as root after logging in as `login`."""
    if login == "root":
        return f"sh -c {shlex.quote(script)}"
    refusal = (
        f"tool: manager.user = {login}: may not use sudo without a password on this host, nothing was changed. "
        "Allow it there, or name a user that may."
    )
    # The script's input is not for the attempt: a sudo that logs input reads it.
    attempt = f"sudo -n true </dev/null || {{ echo {shlex.quote(refusal)} >&2; exit 1; }}"
    return f"{attempt}; sudo -n sh -c {shlex.quote(script)}"
