"""A manager host stand-in on which the component's steps are run one by one over SSH, without an engine."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh

from components.manager.gitlab_plan import gitlab_plan
from components.manager.installation import installation
from components.manager.tool_bundle import as_root, bundle, unpack
from components.manager_tool.contract.constants import END, TARGET
from config_render import CreatedResources, parse, render
from localcloud.download_mirror import DownloadMirror
from localcloud.gitlab_stand_in import GitLabStandIn

from ..contract.booted_host import PROGRAMS, BootedHost, booted, ssh
from ..contract.gitlab_client import Client

TOKEN = "glrt-goodgoodgoodgood1234"
LIVE = "/etc/gitlab-runner/config.toml"
STEPS = ("tool", "life", "secrets", "gitlab", "install", "config")
_FACTS = CreatedResources(
    deployment="test",
    region="eu-central-1",
    vpc_id="vpc-0abc",
    subnets={"eu-central-1a": "subnet-0a"},
    security_group="test-workers",
    instance_profile="test-worker",
    bucket="test-cache",
    bucket_region="eu-central-1",
    images={"x86_64": "ami-000000aa"},
)

Wrap = Callable[[str], str]


def text(output: bytes | str | None) -> str:
    """What an SSH command printed."""
    return output.decode() if isinstance(output, bytes) else output or ""


@dataclass
class SteppedHost:
    """The host, what it talks to, and which steps are done there already: as with the engine, those are left out."""

    booted: BootedHost
    gitlab: GitLabStandIn
    mirror: DownloadMirror
    pool: dict[str, Any] = field(default_factory=dict)
    manager: dict[str, Any] = field(default_factory=dict)
    token: str = TOKEN
    drift: str = "warn"
    sections: str = ""
    """Text of further sections of config.toml."""

    edit: tuple[str, str] = ("", "")
    """What to replace in config.toml, and by what."""

    identity: str = "i-1"
    stop_timeout: int = 5
    patience: float | None = None
    """Seconds after which the client cuts the connection of a step."""

    _done: dict[str, tuple[str, str]] = field(default_factory=dict)
    _alive: str = ""
    """The identity with which `life` was run: it is created once, and then updated."""

    def up(self, wrap: Wrap = lambda command: command) -> tuple[str, str]:
        """Run what is not done yet; return the step that failed, or an empty text, and all that was printed.

        `wrap` changes the command of a step before it is run.
        """
        printed = ""
        for what in STEPS:
            step = self.step(what)
            if self._done.get(what) == step:
                continue
            try:
                done = ssh(self.booted, wrap(step[0]), step[1].encode(), timeout=self.patience)
            except asyncssh.TimeoutError:
                return what, printed
            printed += text(done.stdout) + text(done.stderr)
            if done.exit_status != 0:
                return what, printed
            self._done[what] = step
            if what == "life":
                self._alive = self.identity
        return "", printed

    def step(self, what: str) -> tuple[str, str]:
        """The command and the input of one step, as the component has them."""
        settings = parse(self._settings(), token=TOKEN, region="eu-central-1")
        if what == "tool":
            return as_root(unpack(bundle()), "ubuntu"), bundle()
        if what == "life":
            again = " again" if self._alive == self.identity else ""
            return f"sudo -n {TARGET} life{again}", self.life("wait")
        if what == "install":
            return f"sudo -n {TARGET} install", json.dumps(installation(settings.manager, 0), indent=2)
        if what == "secrets":
            return f"sudo -n {TARGET} secrets {self.drift}", json.dumps({"token": self.token})
        if what == "gitlab":
            plan = gitlab_plan(settings, deployment="test", region="eu-central-1", secret="token")
            return f"sudo -n {TARGET} gitlab {self.drift}", json.dumps(plan)
        return f"sudo -n {TARGET} config {self.drift}", f"{self.template()}{END}\n"

    def template(self) -> str:
        rendered = render(parse(self._settings(), token=TOKEN, region="eu-central-1"), _FACTS)
        return rendered.replace(*self.edit) + self.sections

    def life(self, jobs: str) -> str:
        return json.dumps({"host": self.identity, "runningJobs": jobs, "stopTimeout": self.stop_timeout})

    def remove(self, jobs: str = "wait") -> tuple[int, str]:
        """The runner's end; return its exit code and what it printed."""
        done = ssh(self.booted, f"sudo -n {TARGET} remove", self.life(jobs).encode())
        return int(done.exit_status or 0), text(done.stdout) + text(done.stderr)

    def forget(self) -> None:
        """Make the next `up` run every step again."""
        self._done.clear()

    def shell(self, command: str, stdin: bytes = b"") -> str:
        """What a command prints on the host; fails where it does."""
        done = self.booted.run(command, stdin)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def live(self) -> str:
        return self.booted.run(f"cat {LIVE}").stdout.decode()

    def services(self) -> list[str]:
        """The processes that are `gitlab-runner run`."""
        # NUL bytes stand between the arguments.
        return self.booted.run(r"grep -alP 'bin/gitlab-runner\x00run\x00' /proc/[0-9]*/cmdline").stdout.decode().split()

    def managers(self) -> list[str]:
        """The managers that GitLab lists, of all runners."""
        runners = Client(self.gitlab).state()["runners"]
        return [manager["system_id"] for runner in runners for manager in runner["managers"]]

    def control(self, path: str, body: Any) -> None:
        """Tell the stand-in for GitLab something."""
        Client(self.gitlab).send("POST", f"/-/stand-in/{path}", body)

    def _settings(self) -> dict[str, Any]:
        manager = {
            "sshFrom": ["203.0.113.0/24"],
            "insecureDownloads": True,
            "gitlabRunner": {"url": f"{self.mirror.url}/gitlab-runner", **self.manager.get("gitlabRunner", {})},
            "dockerMachine": {"url": f"{self.mirror.url}/docker-machine"},
        }
        pool = {"name": "ci", "zones": ["a"], "limit": 5, "machine": {"IdleCount": 0}, **self.pool}
        return {"gitlab": {"url": self.gitlab.url}, "network": {"zones": ["a"]}, "manager": manager, "pools": [pool]}


@contextmanager
def stepped(folder: Path, *, hangs_up: bool = True) -> Iterator[SteppedHost]:
    """A host on which nothing was done yet, and a GitLab that knows the token."""
    gitlab, mirror = GitLabStandIn(), DownloadMirror(PROGRAMS)
    gitlab.start()
    mirror.start()
    try:
        with booted(folder, hangs_up=hangs_up) as host:
            made = SteppedHost(host, gitlab, mirror)
            made.control("runners", {"token": TOKEN})
            yield made
    finally:
        mirror.close()
        gitlab.close()


def copied(host: SteppedHost, program: Path, to: str) -> None:
    """Put a program of the tests on the host."""
    host.shell(f"cat > {to}", program.read_bytes())
