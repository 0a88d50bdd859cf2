"""`python -m localcloud up|job|report|project|down|shell|status`: the program on a laptop, without an AWS account."""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from config_render.base.input_file import UnreadableFileError
from config_render.files.checked_file import UnusableError
from config_render.files.stack_file import read_stack_file

from . import control
from .cloud import ROOT, LocalCloud, LocalCloudError, Project
from .engine import EngineUnavailableError
from .one_job import run_one
from .own_project import lead
from .own_stack import OwnStack, read_own
from .real_programs import RealProgramError, listed

FOLDER = ROOT / ".localcloud"
STACK = "local"
FILE = ROOT / f"Pulumi.{STACK}.yaml"
_TOKEN = "gitlab-runner-aws:token"  # noqa: S105 - the name of a setting
_STARTED = time.monotonic()


def say(text: str) -> None:
    """Print a line of progress with the seconds since the start."""
    print(f"[{time.monotonic() - _STARTED:5.1f} s] {text}", flush=True)


def own_stack() -> OwnStack:
    """Read and check Pulumi.local.yaml, named as seen from here. Raises UnreadableFileError, UnusableError."""
    copy = FOLDER / "project" / f"Pulumi.{STACK}.yaml"
    return read_own(Path(os.path.relpath(FILE)), read_stack_file(copy).secrets if copy.exists() else ())


def write_project(cloud: LocalCloud, own: OwnStack) -> Project:
    """Write the project that the engine runs: the settings with the addresses of this local cloud, and a token.

    It has copies of all files of settings, in which each value is on the line that it has in the person's own. For who
    runs the engine by hand, its variables are in `pulumi.env`.
    """
    project = Project.create(cloud, FOLDER / "project", STACK)
    if not project.has(_TOKEN):
        project.set_secret(_TOKEN, control.create_runner(cloud))
    project.configure(control.with_addresses(own.file.config, cloud, own.merged), lines_of=own.file)
    for file in own.shared:
        copy = project.folder / file.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(file.with_config(control.with_options(file.config, cloud, own.merged)))
    write_variables(cloud)
    return project


def write_variables(cloud: LocalCloud) -> Path:
    """Write what leads an engine that is run by hand to this local cloud; return the file."""
    file = FOLDER / "pulumi.env"
    variables = {k: v for k, v in cloud.environment().items() if k.startswith(("PULUMI_", "AWS_")) or k == "PATH"}
    file.write_text("".join(f"export {k}={shlex.quote(v)}\n" for k, v in variables.items()))
    return file


def up() -> None:
    """Start the local cloud, deploy the program into it, and say how to look at the result."""
    own = own_stack()
    cloud = LocalCloud.start(FOLDER, say=say, own_plugins=True)
    say(f"local cloud runs: AWS {cloud.addresses.aws}, GitLab {cloud.addresses.gitlab}")
    project = write_project(cloud, own)
    say("pulumi up ...")
    if _engine(cloud, "up", "--yes", "--skip-preview", "--stack", STACK, "--suppress-outputs") != 0:
        raise LocalCloudError(
            "pulumi up failed; its message is above. Once that is mended, `make up` continues from here; "
            "`make down` removes what there is. The local cloud still runs."
        )
    _show(project)


def _engine(cloud: LocalCloud, *arguments: str) -> int:
    """Run the engine in the project; returns its exit code."""
    command = [str(cloud.cli), *arguments]
    return subprocess.run(command, cwd=FOLDER / "project", env=cloud.environment(), check=False).returncode


def job() -> None:
    """Run a job on the local cloud, and show its way: queued, machine, log, result."""
    run_one(_running(), say)


def _show(project: Project) -> None:
    outputs = json.loads(project.pulumi("stack", "output", "--json", "--stack", STACK).stdout)
    addresses = project.cloud.addresses
    live = control.host(project.cloud, outputs["manager_instance_id"]).read("/etc/gitlab-runner/config.toml")
    say("done")
    print("\nconfig.toml, live on the manager (secrets hidden):\n")
    for line in live.splitlines():
        hidden = line.split("=")[0] + '= "<hidden>"' if line.strip().startswith("token = ") else line
        print(f"    {hidden}")
    print(
        f"""
manager   {outputs["manager_address"]}:{addresses.ssh_port}, instance {outputs["manager_instance_id"]}
cache     s3://{outputs["cache_bucket"]} at {addresses.aws}
GitLab    {addresses.gitlab}/-/stand-in/state shows its runners and jobs

Next:
  make job        runs a job, and shows its way to a worker and back
  make shell      a shell on the manager; try: docker-machine ls, or systemctl status gitlab-runner
  edit Pulumi.local.yaml, say pools[0].limit, and run: make preview, then make up
  make down       removes everything again
"""
    )


def preview() -> None:
    """Show what `up` would change, line by line."""
    cloud = _running()
    write_project(cloud, own_stack())
    command = [str(cloud.cli), "preview", "--diff", "--stack", STACK]
    code = subprocess.run(command, cwd=FOLDER / "project", env=cloud.environment(), check=False).returncode
    if code != 0:
        raise LocalCloudError("pulumi preview failed; its message is above. Nothing was changed.")


def report() -> None:
    """Draw the stack and what `up` would change as a page."""
    cloud = _running()
    write_project(cloud, own_stack())
    environment = {**cloud.environment(), "PULUMI_DEBUG_COMMANDS": "true"}
    events, page, file = FOLDER / "events.jsonl", FOLDER / "report.html", FOLDER / "project" / f"Pulumi.{STACK}.yaml"
    events.unlink(missing_ok=True)
    preview_ = [str(cloud.cli), "preview", "--event-log", str(events), "--stack", STACK]
    draw = [sys.executable, "-m", "review", "page", str(file), "--events", str(events), "-o", str(page)]
    for command, folder in ((preview_, FOLDER / "project"), (draw, ROOT)):
        if subprocess.run(command, cwd=folder, env=environment, check=False).returncode != 0:
            raise LocalCloudError("no page was drawn; why is said above")
    say(f"open {page.as_uri()}")


def project(folder: Path, stack: str) -> None:
    """Lead a project of your own to the local cloud, by a stack `local` in it."""
    cloud = LocalCloud.running(FOLDER) or LocalCloud.start(FOLDER, say=say, own_plugins=True)
    unset = lead(cloud, folder, stack)
    say(f"stack local of {folder} has the settings of {stack}, and leads to the local cloud")
    print(f"\nNext, in {folder}:\n  . {shlex.quote(str(write_variables(cloud)))}")
    for name in unset:
        print(f"  pulumi config set --secret --path {name} --stack local")
    print("  pulumi up --stack local\nAt the end: pulumi destroy --stack local, and here: make down")


def down() -> None:
    """Destroy the stack, then stop everything and forget it."""
    cloud = _running()
    if (FOLDER / "project").exists():
        if _engine(cloud, "destroy", "--yes", "--skip-preview", "--stack", STACK) != 0:
            raise LocalCloudError(
                "pulumi destroy failed; its message is above. Run `make down` again, or `make stop` to stop the "
                "local cloud as it is: nothing outside this machine is left over by that."
            )
        left = control.leftovers(cloud)
        if left:
            raise LocalCloudError("the stack is destroyed, but this is left over:\n  " + "\n  ".join(left))
        say("nothing is left in the emulated AWS, no runner manager in the emulated GitLab")
    stop()


def stop() -> None:
    """Stop the local cloud and forget its state, whatever is deployed there."""
    _running().stop()
    shutil.rmtree(FOLDER, ignore_errors=True)
    say("stopped; nothing runs any more")


def shell() -> None:
    """Open a shell on the manager; does not return."""
    cloud = _running()
    hosts = control.hosts(cloud)
    if not hosts:
        raise LocalCloudError("no manager runs; deploy one with: make up")
    command = [*next(iter(hosts.values())).enter, "bash", "-l"]
    os.execvp(command[0], command)


def status() -> None:
    """Say where the local cloud is, and what runs in it."""
    cloud = _running()
    addresses, state = cloud.addresses, control.gitlab(cloud, "state")
    managers = [each["system_id"] for runner in state["runners"] for each in runner["managers"]]
    count = Counter(each["state"] for each in state["jobs"])
    jobs = ", ".join(f"{number} {name}" for name, number in count.items()) or "none yet"
    hosts = ", ".join(control.hosts(cloud)) or "none; deploy one with: make up"
    rows = {
        "local cloud": f"runs as process {addresses.pid}, from {FOLDER}",
        "AWS": addresses.aws,
        "GitLab": f"{addresses.gitlab}, and with a certificate of its own authority {addresses.gitlab_https}",
        "downloads": addresses.mirror,
        "manager": f"{hosts} (SSH: 127.0.0.1:{addresses.ssh_port})",
        "registered": ", ".join(managers) or "no manager",
        "jobs": f"{jobs}; run one with: make job",
        "real": listed(addresses.real) or "no program but the engine; see docs/tested.md",
    }
    for name, text in rows.items():
        print(f"{name:<12} {text}")


def _running() -> LocalCloud:
    cloud = LocalCloud.running(FOLDER)
    if cloud is None:
        raise LocalCloudError("no local cloud runs here; start one with: make up")
    return cloud


def main() -> int:
    """Run one of the commands; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m localcloud", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    answers: tuple[Callable[..., None], ...] = (up, job, preview, report, project, down, stop, shell, status)
    for each in answers:
        about = str(each.__doc__).strip()
        command = commands.add_parser(each.__name__, help=about, description=about)
        command.set_defaults(answer=each)
        if each is project:
            command.add_argument("folder", type=Path, help="the project's folder")
            command.add_argument("stack", nargs="?", default="dev", help="whose settings are taken; dev if left out")
    arguments = vars(parser.parse_args())
    answer = arguments.pop("answer")
    try:
        answer(**arguments)
    except (UnreadableFileError, UnusableError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except (LocalCloudError, EngineUnavailableError, RealProgramError) as error:
        print(f"\nlocalcloud: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; `make up` continues from here, `make down` removes what there is", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
