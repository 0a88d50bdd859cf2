"""How large the page of a stack is and how long it takes to draw, for `make bench`."""

import statistics
import time
from datetime import timedelta
from pathlib import Path

from config_render.files.checked_file import checked
from review.page.drawing import page

from .page.samples import NOW, changed, large, priced, subject

_RUNS = 5
_PROD = Path(__file__).parents[1] / "examples" / "stacks" / "Pulumi.prod.yaml"


def figures() -> None:
    """Print a line for the shipped stack of twelve pools, and for twelve with twelve places each."""
    for what, settings in (("page of Pulumi.prod.yaml", checked(_PROD)[1]), ("page of 12 pools in 12 places", large())):
        market, changes = priced(settings), changed(settings)
        seconds, text = [], ""
        for week in range(_RUNS):
            # Another week each time: one that has been laid out is remembered.
            shown = subject(settings, market, changes=changes, now=NOW + timedelta(weeks=week))
            started = time.perf_counter()
            text = page(shown)
            seconds.append(time.perf_counter() - started)
        median, size = statistics.median(seconds), len(text.encode()) / 1000
        verdict = "ok" if median <= 1 and size <= 300 else "TOO SLOW"
        limit = "at most 1 s, 300 kB"
        print(f"{what:<44} {median:6.2f} s {size:6.0f} kB    {limit:<28} {verdict}", flush=True)
