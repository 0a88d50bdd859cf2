"""How long a merge request waits for its note, for `make bench`."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from config_render import render
from localcloud.cloud import ROOT, Project
from localcloud.gitlab_stand_in import GitLabStandIn
from planning import fees
from planning.costs import as_plain, machine_rows
from review.events import read_events

from .contract.gitlab_client import Client
from .page.samples import NOW, large
from .render.settings_samples import FACTS, REGION
from .review.ci_local import proposed
from .review.ci_project import notes, prepare, preview
from .review.record import EVENTS

_RUNS = 5
_TOKEN = "glpat-bench"


def figures() -> None:
    """Print how long reading, formatting and posting take for a stack of twelve pools in a hundred places."""
    server = GitLabStandIn(access_tokens={_TOKEN: frozenset({"api"})})
    server.start()
    Client(server).send("POST", "/-/stand-in/merge-requests", {"project": 1, "iid": 1})
    with tempfile.TemporaryDirectory() as folder:
        file, events = Path(folder) / "Pulumi.prod.yaml", Path(folder) / "events.jsonl"
        file.write_text("config: {}\n")
        file.with_name("Pulumi.yaml").write_text("name: bench\n")
        events.write_text("".join(f"{json.dumps(event)}\n" for event in _of_twelve_pools()))
        command = [sys.executable, "-m", "review", "job", str(file), "--events", str(events), "--folder", folder]
        seconds = []
        for _ in range(_RUNS):
            started = time.monotonic()
            subprocess.run(
                [*command, "--policies", ""], cwd=ROOT, env=_job(server), check=True, stdout=subprocess.DEVNULL
            )
            seconds.append(time.monotonic() - started)
    server.close()
    _show("note and reports of 12 pools, posted", statistics.median(seconds), 1)


def _job(server: GitLabStandIn) -> dict[str, str]:
    given = {"CI_API_V4_URL": f"{server.url}/api/v4", "CI_PROJECT_ID": "1", "CI_MERGE_REQUEST_IID": "1"}
    return {**os.environ, **given, "GITLAB_NOTE_TOKEN": _TOKEN}


def _of_twelve_pools() -> Iterator[Any]:
    """A recorded preview that replaces a network, of a stack with more pools; AWS is not asked for prices."""
    settings = large()
    text, machines = render(settings, FACTS), as_plain(machine_rows(settings, REGION, NOW.date()))
    network = fees.as_plain(fees.network_rows(settings.network, REGION))
    for event in read_events(EVENTS / "network.jsonl"):
        metadata = (event.get("resourcePreEvent") or event.get("resOutputsEvent") or {}).get("metadata", {})
        for name, state in (("old", metadata.get("old")), ("new", metadata.get("new"))):
            if state and metadata["urn"].endswith("-registration-config"):
                state["inputs"]["stdin"] = f"{text if name == 'new' else text.replace('1800', '900')}# end\n"
            elif state and "resOutputsEvent" in event:
                state["outputs"] |= {"machines": machines, "network_charges": network}
        if "preludeEvent" not in event:
            yield event


def job_figure(project: Project) -> None:
    """Print how long the component's preview job takes on the local cloud, from its start to the note."""
    prepare(project)
    proposed(project.folder, "A change")
    started = time.monotonic()
    done = preview(project)
    seconds = time.monotonic() - started
    if done.returncode != 0 or len(notes(project.cloud)) != 1:
        sys.exit(f"the preview job failed:\n{done.stdout}{done.stderr}")
    _show("merge request: preview job to note", seconds, 60)


def _show(what: str, seconds: float, limit: float) -> None:
    verdict = "ok" if seconds <= limit else "TOO SLOW"
    print(f"{what:<44} {seconds:6.2f} s {'':>10}   {f'at most {limit:g} s':<28} {verdict}", flush=True)
