"""`python -m tests.page.picture`: draws docs/_static/report.png anew, after a change of the page."""

import tempfile
from dataclasses import replace
from pathlib import Path

from config_render import Settings
from localcloud.cloud import ROOT
from review.page.drawing import page

from ..render.settings_samples import parsed, stack
from .browser import running
from .samples import OFFICE, changed, subject

PICTURE = ROOT / "docs" / "_static" / "report.png"


def settings() -> Settings:
    machine = {"MaxGrowthRate": 5, "MaxBuilds": 20}
    spot = {
        "name": "spot",
        "instanceTypes": ["m6i.large", "m6a.large"],
        "spot": {"maxPrice": 0.07},
        "limit": 24,
        "machine": {**machine, "IdleCount": 1, "autoscaling": [{**OFFICE, "IdleCount": 8}]},
    }
    deploy = {"name": "deploy", "zones": ["a"], "limit": 3, "machine": machine}
    return parsed(stack(concurrent=27, network={"zones": ["a", "b"]}, pools=[spot, deploy]))


def main() -> None:
    made = settings()
    with tempfile.TemporaryDirectory() as folder, running() as browser:
        file = Path(folder) / "page.html"
        changes = changed(made)
        (settings_of,) = changes.settings
        settings_shown = (replace(settings_of, changes=settings_of.changes[1:2]),)
        larger = replace(changes, resources=changes.resources[2:], settings=settings_shown)
        file.write_text(page(subject(made, changes=larger)), encoding="utf-8")
        shown = browser.new_page(
            viewport={"width": 1120, "height": 2290}, device_scale_factor=0.7, color_scheme="light"
        )
        shown.goto(file.as_uri())
        shown.screenshot(path=PICTURE)


if __name__ == "__main__":
    main()
