"""A running stand-in for gitlab-runner with an entry of docker-autoscaler, in front of an emulated account."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from localcloud import host_program_archives as archives
from localcloud.gitlab_stand_in import GitLabStandIn

from .emulated_fleet import REGION, Account, until
from .running_gitlab_runner import TOKEN, Runner
from .stand_in_programs import PROGRAMS

PLUGIN = "1.0.1"
POLICY = 'idle_count = 0\nidle_time = "1s"\npreemptive_mode = false'
FAST = 'update_interval = "500ms"\nupdate_interval_when_expecting = "100ms"\ndeletion_retry_interval = "1s"'
LOCATION = "registry.gitlab.com/gitlab-org/fleeting/plugins/aws"

# With the pauses so short that a test need not wait for them.
_HURRIED = """import sys
sys.argv = sys.argv[1:]
sys.path.insert(0, sys.argv[0])
from host_programs.gitlab_runner_stand_in import connector, execution, places, program, taskscaler_assumptions
execution._PREPARATION_PAUSE_SECONDS = connector._PAUSE_SECONDS = connector._ATTEMPT_SECONDS = 0.05
taskscaler_assumptions.TICK_SECONDS = places._LOOK_SECONDS = 0.1
taskscaler_assumptions.FIRST_BACKOFF_SECONDS = 0.2
program.main()
"""


class AutoscaledRunner(Runner):
    """One running process with one entry, whose group is `pool`."""

    def __init__(self, folder: Path, gitlab: GitLabStandIn, aws: Account) -> None:
        super().__init__(folder, gitlab)
        self.aws = aws
        self.plugins = folder / "plugins"
        self.extra = {
            "FLEETING_PLUGIN_PATH": str(self.plugins),
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
        }

    def install(self, version: str = PLUGIN) -> Path:
        """Put the plugin where gitlab-runner looks for it."""
        path = self.plugins / LOCATION / version / "plugin"
        path.parent.mkdir(parents=True)
        path.write_bytes(archives.fleeting_plugin_aws(PROGRAMS, version, "amd64"))
        path.chmod(0o755)
        return path

    def configure(
        self,
        policies: str = POLICY,
        *,
        autoscaler: str = "",
        entry: str = "",
        tables: str = "",
        plugin: str = f"aws:{PLUGIN}",
        name: str = "pool",
        most: int = 5,
        concurrent: int = 5,
        top: str = "",
        intervals: str = FAST,
    ) -> None:
        """Replace the config file: [[runners.autoscaler.policy]], keys of its parent and the entry, and more tables."""
        listed = "".join(f"[[runners.autoscaler.policy]]\n{each}\n" for each in policies.split("\n\n") if each)
        self.write_text(
            f'concurrent = {concurrent}\ncheck_interval = 1\n{top}\n[[runners]]\nid = 1\nname = "m1"\n'
            f'url = "{self.gitlab.url}"\ntoken = "{TOKEN}"\nexecutor = "docker-autoscaler"\n{entry}\n'
            f'[runners.autoscaler]\nplugin = "{plugin}"\nmax_instances = {most}\n{intervals}\n{autoscaler}\n'
            f'[runners.autoscaler.plugin_config]\nname = "{name}"\n'
            f'[runners.autoscaler.connector_config]\nusername = "ubuntu"\ntimeout = "5s"\n{tables}\n{listed}'
        )

    def environment(self) -> Mapping[str, str]:
        return self.program.environment(self.extra)

    def start(self, *, hurried: bool = True) -> None:
        """Start the process."""
        code = ["-c", _HURRIED] if hurried else []
        command = [sys.executable, *code, str(self.program.path), "run", "--config", str(self.config)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=self.environment(), cwd=self.folder, stderr=log)

    def jobs(self, count: int, seconds: float = 0.2) -> None:
        """Have so many jobs wait at GitLab."""
        for _ in range(count):
            self.control("POST", "jobs", {"seconds": seconds})

    def instances(self) -> list[str]:
        return self.aws.members()

    def succeeded(self, count: int) -> None:
        """Wait until so many jobs have."""
        until(lambda: self.job_states().count("success") >= count, 90)


@contextmanager
def autoscaled(folder: Path, aws: Account, **group: Any) -> Iterator[AutoscaledRunner]:
    """A runner that GitLab knows, its plugin, and a group of instances with Docker; the test starts it."""
    aws.clear()
    aws.control("workers", {"images": {aws.image: {"user": "ubuntu", "docker": True, "instanceConnect": True}}})
    aws.group(**group)
    gitlab = GitLabStandIn()
    gitlab.start()
    made = AutoscaledRunner(folder, gitlab, aws)
    made.install()
    made.control("POST", "runners", {"token": TOKEN})
    try:
        yield made
    finally:
        if made.process and made.process.poll() is None:
            made.process.kill()
            made.process.wait()
        gitlab.close()
