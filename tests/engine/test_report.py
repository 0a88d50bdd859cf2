"""The page of a stack that is about to be made: from the engine's own events and the local cloud's market."""

import os
import subprocess
import sys
from pathlib import Path

from localcloud.cloud import ROOT

from ..page.document import read
from .conftest import STACK, TOKEN_KEY, Deployment

POOL = {"spot": {"maxPrice": 0.06}, "instanceTypes": ["m5.large"]}


def test_the_page_shows_the_preview_and_the_market(deployment: Deployment, tmp_path: Path) -> None:
    deployment.pool.update(POOL)
    deployment.configure()
    events, page = tmp_path / "events.jsonl", tmp_path / "page.html"
    environment = {**deployment.cloud.environment(), "PULUMI_DEBUG_COMMANDS": "true"}
    preview = deployment.project.command("preview", "--event-log", str(events), "--stack", STACK)
    subprocess.run(preview, cwd=deployment.project.folder, env=environment, check=True, capture_output=True)
    file = deployment.project.folder / f"Pulumi.{STACK}.yaml"
    draw = [sys.executable, "-m", "review", "page", str(file), "--events", str(events), "-o", str(page)]
    subprocess.run(draw, cwd=ROOT, env={**os.environ, **environment}, check=True)

    text = page.read_text()
    document = read(text)
    assert document.all("h1")[0].text == f"Stack {STACK}"
    assert "The stack is new: 3" in text
    assert "runner-manager-instance" in text
    # The stand-in's prices: on demand 0.1, spot 0.045 now, 0.05 before, which the cap of 0.06 allows.
    assert "within the cap all day" in text
    assert "worst case $0.372" in text
    assert deployment.token not in text
    assert TOKEN_KEY not in text
