"""`python -m review.page`: the page alone."""

import argparse
import sys
from collections.abc import Sequence

from config_render.checked_file import UnusableError
from config_render.yaml_file import UnreadableFileError

from ..events import UnreadableEventsError
from .command import ABOUT, answer, arguments

MISTAKEN = 2
"""The exit code where a file can't be used."""


def main(given: Sequence[str] | None = None) -> int:
    """Answer one call; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m review.page", description=ABOUT)
    arguments(parser)
    try:
        answer(parser.parse_args(given))
    except (UnusableError, UnreadableFileError, UnreadableEventsError) as error:
        print(error, file=sys.stderr)
        return MISTAKEN
    return 0


if __name__ == "__main__":
    sys.exit(main())
