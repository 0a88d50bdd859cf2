"""The tool that runs on the manager, as one text that a preview can show and one shell command can unpack."""

import hashlib
import shlex
from collections.abc import Iterator
from importlib import metadata, resources
from pathlib import Path

import tomli
import tomli_w

from .manager_tool.lock import DEPLOYMENT

_PACKAGE = Path(__file__).with_name("manager_tool")
_FOLDER = "/usr/local/lib/gitlab-runner-aws"
_MARK = "#### file: "
_PACKAGES = {"tomli": tomli, "tomli_w": tomli_w}
"""What the tool takes along, as it is installed here. Both are pure Python, for 3.9 and newer; where a faster compiled
form of one is installed, its sources are beside it. Managers get no packages, and Python has a reader since 3.11 alone.
"""

TARGET = f"{_FOLDER}/manager-tool"
"""Where the tool is on the manager, as a program with its step as the argument."""

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
    files = {f"manager_tool/{path.name}": path.read_text(encoding="utf-8") for path in sorted(_PACKAGE.glob("*.py"))}
    files |= {f"{name}/{file}": text for name in _PACKAGES for file, text in _package(name)}
    return "".join(f"{_MARK}{name}\n{text}" for name, text in {"manager-tool": _PROGRAM, **files}.items())


def _package(name: str) -> Iterator[tuple[str, str]]:
    """Yield the modules of an installed package, and its licence, which is to go with every copy."""
    for file in sorted(resources.files(_PACKAGES[name]).iterdir(), key=lambda each: each.name):
        if file.name.endswith(".py"):
            yield file.name, file.read_text(encoding="utf-8")
    for path in metadata.files(name) or ():
        if path.name == "LICENSE":
            yield path.name, path.read_text(encoding="utf-8")


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
    folders = " ".join(f"new/{name}" for name in ("manager_tool", *_PACKAGES))
    facts = {"folder": _FOLDER, "target": TARGET, "mark": _MARK, "lock": DEPLOYMENT, "checks": checks}
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
