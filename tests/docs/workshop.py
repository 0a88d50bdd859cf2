"""A project folder in which the pages' commands run as a person would type them, with the local cloud around it."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from localcloud import control
from localcloud.cloud import ROOT, LocalCloud

from ..checkout import copy_checkout
from ..released_tag import NO_INDEX, publish
from . import aws_cli
from .blocks import Block

_PRELUDE = Path(__file__).with_name("prelude.sh")
_AUTHOR = "-c user.name=d -c user.email=d@example.com"
_AS_CLONED = "as-cloned"
_LOOKS = re.compile(r"\b(pulumi|aws|docker-machine|systemctl|journalctl|sudo)\b")
_CHANGES = re.compile(r"\bpulumi (up|destroy|refresh|import|state)\b")
_STARTS_ANEW = re.compile(r"\bpulumi stack init\b|\bgit clone\b|^make up\b", re.MULTILINE)


def substitutes(cloud: LocalCloud) -> Mapping[str, str]:
    """What stands in for what the pages name and this machine does not have: all of it, in one place."""
    return {
        "https://gitlab.example.com": cloud.addresses.gitlab,
        "https://gitlab.com": cloud.addresses.gitlab,
        # What curl gets there is the address of who asks.
        "https://checkip.amazonaws.com": (cloud.folder / "own_address").as_uri(),
        # Its packages are here already: nothing is fetched.
        "python3 -m venv venv": f'(cd "$CHECKOUT" && {sys.executable} -m tests.engine.installed "$OLDPWD/venv")',
        # All tests would run this one as well.
        "make quick": "make quick ARGS='-n 1 -k week'",
        "make test": "make test ARGS='-n 1 tests/render/test_week.py'",
    }


@dataclass
class Workshop:
    """A copy of the checkout, a stack named `dev` in it, and a shell."""

    cloud: LocalCloud
    folder: Path
    token: str = field(repr=False)
    state: Path
    released: Mapping[str, str]
    """What leads git from the pages' GitLab to the repository with its tag."""
    fresh: bool = False
    changed: bool = False
    """Whether the stack may be another than the one that was deployed."""

    @staticmethod
    def create(cloud: LocalCloud, folder: Path, *, fresh: bool = False) -> "Workshop":
        """Copy what a clone would have, uncommitted changes included, and lead its stacks to the local cloud.

        With `fresh` the folder is a clone already, whose virtual environment is made by the first `make`.
        """
        if not fresh:
            copy_checkout(folder)
            (folder / ".venv").unlink(missing_ok=True)
            (folder / ".venv").symlink_to(sys.prefix)
        state, site = folder.with_name(f"{folder.name}-state"), folder.with_name(f"{folder.name}-site")
        released = publish(site, cloud.addresses.gitlab)
        made = Workshop(cloud, folder, control.create_runner(cloud), state, released, fresh)
        stacks = {*folder.glob("Pulumi.*.yaml"), *folder.glob("examples/stacks/Pulumi.*.yaml")}
        for stack in stacks - {folder / "Pulumi.local.yaml"}:
            content = yaml.safe_load(stack.read_text())
            stack.write_text(yaml.safe_dump({**content, "config": made._reachable(content["config"])}))
        (cloud.folder / "own_address").write_text("127.0.0.1")
        (cloud.folder / "bin").mkdir(exist_ok=True)
        aws_cli.put_into(cloud.folder / "bin")
        made.shell(f"git init -q . && git add -A && git {_AUTHOR} commit -qm start && git tag {_AS_CLONED}")
        return made

    def start_anew(self) -> None:
        """Make the folder a fresh clone again, whose stacks are none of those before, with a runner of its own.

        What git ignores stays, as compiled Python does.
        """
        done = self.shell(f"git reset -q --hard {_AS_CLONED} && git clean -qfd")
        assert done.returncode == 0, done.stdout
        self.state = self.state.with_name(f"{self.state.name}-anew")
        self.token, self.changed = control.create_runner(self.cloud), False

    def _reachable(self, config: Mapping[str, Any]) -> dict[str, Any]:
        manager = {"user": "root", "connectAttempts": 5, **config.get("gitlab-runner-aws:manager", {})}
        cache = {"forceDestroy": True, **config.get("gitlab-runner-aws:cache", {})}
        given = {**config, "gitlab-runner-aws:manager": manager, "gitlab-runner-aws:cache": cache}
        # Pools may be in a file that the stack file extends.
        found = control.with_addresses({"gitlab-runner-aws:pools": [], **given}, self.cloud)
        return {key: value for key, value in found.items() if value}

    def environment(self) -> dict[str, str]:
        """The engine's environment, and what leads `aws`, `curl` and `make` to the local cloud."""
        self.state.mkdir(exist_ok=True)
        path = self.cloud.environment()["PATH"]
        return {
            **self.cloud.environment(),
            "PATH": f"{self.cloud.folder / 'bin'}{os.pathsep}{path}",
            "PULUMI_BACKEND_URL": f"file://{self.state}",
            "PULUMI_SKIP_CONFIRMATIONS": "true",
            "AWS_ENDPOINT_URL": self.cloud.addresses.aws,
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_PAGER": "",
            "NO_COLOR": "1",
            "SECRETS_PROVIDER": self.cloud.secrets_provider,
            "ENGINE_CACHE": os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")),
            "ON_MANAGER": shlex.join([sys.executable, "-m", "tests.docs.on_manager", str(self.cloud.folder)]),
            "CHECKOUT": str(ROOT),
            "RUNNER_TOKEN": self.token,
            "TIMES": str(self.folder.with_name("times")),
            "MAKE_WITH": "" if self.fresh else "-o .venv/.ready",
            **self.released,
            # The virtual environment is the tests' own: `pulumi install` finds all in it, or fails.
            **({} if self.fresh else NO_INDEX),
        }

    def shell(self, script: str, page: str = "", seconds: float = 600) -> subprocess.CompletedProcess[str]:
        """Run a script of bash; the first command that fails ends it."""
        path = self.folder.with_name(f"{self.folder.name}-page.sh")
        path.write_text(script)
        return subprocess.run(
            ["bash", str(path)],
            cwd=self.folder,
            env={**self.environment(), "BASH_ENV": str(_PRELUDE), "PAGE": page},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )

    def deploy(self, script: str, page: str) -> None:
        """Deploy the stack `dev` as a page says; all that is done later is undone back to here."""
        done = self.shell(f"{script}\ngit add -A\ngit {_AUTHOR} commit -qm deployed\n", page)
        assert done.returncode == 0, done.stdout

    def run(self, blocks: Sequence[Block]) -> subprocess.CompletedProcess[str]:
        """Run a page's commands, from what was deployed, and undo what they have done to files."""
        commands = "".join(block.text for block in blocks)
        if self.changed and _LOOKS.search(commands):
            again = self.shell("pulumi stack select dev\npulumi up --skip-preview")
            assert again.returncode == 0, again.stdout
            self.changed = False
        self.changed |= _CHANGES.search(commands) is not None
        done = self.shell(script_of(blocks, self.cloud), blocks[0].page)
        self.shell("git reset -q --hard\ngit clean -qfd")
        return done


def starts_anew(commands: str) -> bool:
    """Whether a page's commands begin without a stack, and do not continue from one that is deployed."""
    return _STARTS_ANEW.search(commands) is not None


def script_of(blocks: Sequence[Block], cloud: LocalCloud) -> str:
    """A page's commands as a script, each on the line that it has on the page."""
    lines: list[str] = []
    for block in blocks:
        text = block.text.rstrip("\n")
        for named, standing_in in substitutes(cloud).items():
            text = text.replace(named, standing_in)
        lines += [""] * (block.line - 1 - len(lines))
        lines += (f"on_manager {shlex.quote(text)}" if block.on_manager else text).split("\n")
    return "\n".join(lines) + "\n"
