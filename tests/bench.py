"""`make bench`: how long people wait. Medians of five runs, each figure beside an empty program on the same engine."""

import copy
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import tomli_w
import yaml

from config_render import document, problems_of, render
from localcloud import control
from localcloud.cloud import ROOT, LocalCloud, Project

from . import bench_page, bench_plugin, bench_reaper, bench_review
from .render.settings_samples import ACCESS_TOKEN, FACTS, REGION, stack

RUNS = 5
STACK = "local"


@dataclass(frozen=True)
class Figure:
    """Medians of several runs of one command."""

    seconds: float
    peak_mib: float
    """The largest single process of the run, in MiB."""


def measure(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> Figure:
    seconds, peaks = [], []
    for _ in range(RUNS):
        started = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{' '.join(command)} ended with {process.returncode}")
        seconds.append(time.monotonic() - started)
        peaks.append(usage.ru_maxrss / 1024)
    return Figure(statistics.median(seconds), statistics.median(peaks))


def empty_project(cloud: LocalCloud, folder: Path) -> Project:
    program = folder / "program"
    program.mkdir(parents=True)
    description = (ROOT / "Pulumi.yaml").read_text().replace("name: gitlab-runner-aws", "name: empty")
    (program / "Pulumi.yaml").write_text(description)
    (program / "__main__.py").write_text("import pulumi\n")
    return Project.create(cloud, folder / "project", STACK, {}, program=program)


TWELVE_PLACES: dict[str, Any] = {"instanceTypes": ["m5.large", "m5a.large", "m6i.large", "m6a.large"], "limit": 24}


def project_of(cloud: LocalCloud, folder: Path, stack: str = STACK, *, pools: int = 1, **pool: Any) -> Project:
    config = copy.deepcopy(yaml.safe_load((ROOT / f"Pulumi.{STACK}.yaml").read_text())["config"])
    # No machine runs, whose stand-in would take its share of the processor.
    config["gitlab-runner-aws:pools"][0]["machine"] = {"IdleCount": 0}
    if pool:
        config["gitlab-runner-aws:network"]["zones"] = ["a", "b", "c"]
        config["gitlab-runner-aws:pools"][0].update(pool)
        (first,) = config["gitlab-runner-aws:pools"]
        config["gitlab-runner-aws:pools"] = [{**first, "name": f"{first['name']}-{number}"} for number in range(pools)]
    project = Project.create(cloud, folder / "project", stack, control.with_addresses(config, cloud))
    project.set_secret("gitlab-runner-aws:token", control.create_runner(cloud))
    return project


def show(what: str, figure: Figure, limit: str, ok: bool) -> None:
    verdict = "ok" if ok else "TOO SLOW"
    print(f"{what:<44} {figure.seconds:6.2f} s {figure.peak_mib:6.0f} MiB   {limit:<28} {verdict}", flush=True)


def engine_figures(folder: Path) -> None:
    cloud = LocalCloud.start(folder / "cloud")
    try:
        empty, default = empty_project(cloud, folder / "empty"), project_of(cloud, folder / "default")
        twelve = project_of(cloud, folder / "twelve", "twelve", **TWELVE_PLACES)
        for project in (empty, default, twelve):
            project.pulumi("up", "--yes", "--skip-preview", "--stack", project.stack)

        def run(project: Project, *arguments: str) -> Figure:
            command = project.command(*arguments, "--stack", project.stack)
            return measure(command, project.folder, cloud.environment())

        for what, arguments in (
            ("pulumi preview", ("preview",)),
            ("pulumi up without changes", ("up", "--yes", "--skip-preview")),
        ):
            base, ours = run(empty, *arguments), run(default, *arguments)
            show(f"{what}, empty program", base, "", ok=True)
            limit = f"at most 3x: {ours.seconds / base.seconds:.1f}x, {ours.seconds - base.seconds:+.2f} s"
            show(f"{what}, default deployment", ours, limit, ok=ours.seconds <= 3 * base.seconds)
            many = run(twelve, *arguments)
            factor, more = many.seconds / ours.seconds, many.peak_mib - ours.peak_mib
            limit = f"at most 2x, + 50 MiB: {factor:.1f}x, {more:+.0f}"
            show(f"{what}, 3 zones x 4 types", many, limit, ok=factor <= 2 and more <= 50)
        executor_figure(cloud, folder, lambda project: run(project, "preview"))
        change_figure(default, ours.seconds)
        bench_review.job_figure(default)
        for project in (default, twelve):
            project.pulumi("destroy", "--yes", "--skip-preview", "--stack", project.stack)
    finally:
        cloud.stop()


def executor_figure(cloud: LocalCloud, folder: Path, preview: Callable[[Project], Figure]) -> None:
    """Show what the preview of a stack with twelve pools takes with either executor.

    With the second, each pool is three resources more.
    """
    figures = []
    for executor in ("docker+machine", "docker-autoscaler"):
        name = executor.replace("+", "-")
        project = project_of(cloud, folder / name, name, pools=12, executor=executor, limit=2)
        project.pulumi("up", "--yes", "--skip-preview", "--stack", project.stack)
        figures.append(preview(project))
        factor = figures[-1].seconds / figures[0].seconds
        show(f"pulumi preview, 12 pools, {executor}", figures[-1], f"at most 1.2x: {factor:.2f}x", ok=factor <= 1.2)
        project.pulumi("destroy", "--yes", "--skip-preview", "--stack", project.stack)


def change_figure(project: Project, unchanged: float) -> None:
    """Show how much longer an up takes when a limit has changed: from the engine to what is live, SSH included."""
    config, seconds = project.config(), []
    for limit in range(20, 20 + RUNS):
        config["gitlab-runner-aws:pools"][0]["limit"] = limit
        project.configure(config)
        started = time.monotonic()
        project.pulumi("up", "--yes", "--skip-preview", "--stack", project.stack)
        seconds.append(time.monotonic() - started)
    more = statistics.median(seconds) - unchanged
    show("a changed limit, beyond an up without changes", Figure(more, 0), "at most 2 s", ok=more <= 2)


def timed(
    what: str,
    command: list[str],
    limit_seconds: float,
    between: Callable[[], object] = lambda: None,
    runs: int = RUNS,
) -> None:
    figures = []
    for _ in range(runs):
        started = time.monotonic()
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        figures.append(time.monotonic() - started)
        between()
    median = statistics.median(figures)
    verdict = "ok" if median <= limit_seconds else "TOO SLOW"
    limit = f"at most {limit_seconds:.0f} s"
    print(f"{what:<44} {median:6.2f} s {'':>10}   {limit:<28} {verdict}", flush=True)


# Most of it is tomli_w's and the checks of a pool, 0.2 ms each.
RENDER_LIMITS = {(100, 10): 0.5, (1_000, 10): 4.0, (10_000, 1): 6.0, (1_000, 0): 1.0}
"""Seconds for so many pools with so many entries each; those without are of docker-autoscaler."""


def many_pools(count: int, entries_each: int) -> dict[str, Any]:
    """Settings of so many pools, each of whose zones and types has a runner, and so an entry, of its own."""
    period = {"Periods": ["* * 9-17 * * mon-fri *"], "Timezone": "Europe/Berlin"}
    pool = {
        "limit": entries_each,
        "instanceTypes": ["m5.large", "m5a.large", "m6i.large", "m6a.large", "m7i.large"][: -(-entries_each // 2)],
        "zones": ["a", "b"][:entries_each],
        "docker": {"image": "alpine:3.20", "privileged": True, "services": [{"name": "docker:27-dind"}]},
        "environment": ["DOCKER_TLS_CERTDIR=/certs"],
        "machine": {
            "MaxBuilds": 10,
            "autoscaling": [{**period, "IdleCount": entries_each}],
        },
    }
    create = {"runnerType": "group_type", "groupId": 5, "each": "entry"}
    return stack(createRunner=create, pools=[{**pool, "name": f"p{number:05}"} for number in range(count)])


def many_groups(count: int) -> dict[str, Any]:
    """Settings of so many pools of docker-autoscaler."""
    period = {"Periods": ["* * 9-17 * * mon-fri *"], "Timezone": "Europe/Berlin", "IdleCount": 2}
    pool = {"limit": 10, "zones": ["a", "b"], "spot": {}, "machine": {"MaxBuilds": 10, "autoscaling": [period]}}
    create = {"runnerType": "group_type", "groupId": 5, "each": "pool"}
    pools = [{**pool, "name": f"p{number:05}"} for number in range(count)]
    return stack(createRunner=create, executor="docker-autoscaler", concurrent=1_000, pools=pools)


def render_figures() -> None:
    """Checking and rendering many runner entries, beside a library that only writes them."""
    # Spread over zones and types, as people write them; and the worst case, in which nothing is shared.
    tokens = {"accessToken": ACCESS_TOKEN}
    for (pools, entries_each), limit in RENDER_LIMITS.items():
        raw = many_pools(pools, entries_each) if entries_each else many_groups(pools)
        settings, _ = problems_of(raw, tokens=tokens, region=REGION)
        assert settings is not None
        content = document(settings, FACTS)
        entries = len(content["runners"])
        assert entries == pools * (entries_each or 1)

        def ours(raw: dict[str, Any] = raw) -> None:
            checked, _ = problems_of(raw, tokens=tokens, region=REGION)
            assert checked is not None
            render(checked, FACTS)

        sections = f"{entries:,} [[runners]] of {pools:,} {'pools' if entries_each else 'groups'}"
        seconds, alone = clocked(ours), clocked(partial(tomli_w.dumps, content))
        verdict = "ok" if seconds <= limit else "TOO SLOW"
        print(
            f"{sections:<44} {seconds:6.2f} s {'':>10}   at most {limit:g} s; tomli_w alone: {alone:.2f} s   {verdict}"
        )


def clocked(work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(RUNS):
        started = time.monotonic()
        work()
        seconds.append(time.monotonic() - started)
    return statistics.median(seconds)


def import_figures() -> None:
    """What importing the renderer adds to an empty Python, and the component to the classes of pulumi_aws it uses."""
    component = "import components.aws; from components import AutoscalingRunner"
    for what, beside, limit in (
        ("import config_render", "pass", 0.3),
        (component, "import components.aws", 0.5),
    ):
        with_it, without = (measure([sys.executable, "-c", program], ROOT) for program in (what, beside))
        figure = Figure(with_it.seconds - without.seconds, with_it.peak_mib)
        show(what.removeprefix(f"{beside}; "), figure, f"at most {limit:g} s", ok=figure.seconds <= limit)


def main() -> None:
    # People's Python keeps what it has compiled; where it must not, each figure would be one of the compiler.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    print(f"medians of {RUNS} runs on {os.cpu_count()} cores\n")
    # First what measures memory: Linux counts to a command's peak what the process had that started it.
    import_figures()
    bench_reaper.figures()
    with tempfile.TemporaryDirectory() as folder:
        engine_figures(Path(folder))
        bench_plugin.preview_figure(Path(folder) / "plugin")
    python = [sys.executable, "-m"]
    if LocalCloud.running(ROOT / ".localcloud") is None:
        down = [*python, "localcloud", "down"]
        timed(
            "make up, engine there",
            [*python, "localcloud", "up"],
            30,
            lambda: subprocess.run(down, cwd=ROOT, check=True, stdout=subprocess.DEVNULL),
        )
    else:
        print("make up: not measured, because a local cloud runs here; `make down` first")
    bench_page.figures()
    bench_review.figures()
    render_figures()
    timed("make quick", ["make", "quick"], 45, runs=1)
    timed("make test", ["make", "test"], 600, runs=1)


if __name__ == "__main__":
    main()
