"""Labels of runners, as config.toml has them."""

import re
from typing import Annotated

from pydantic import AfterValidator

from .values import Texts

MOST_LABELS = 32
"""Those of `[[runners]]` and the global ones together."""


def _check(labels: dict[str, str]) -> dict[str, str]:
    # gitlab-runner does not load a file whose labels break these rules.
    if len(labels) > MOST_LABELS:
        raise ValueError(f"holds {len(labels)} labels; there may be {MOST_LABELS}")
    for key, value in labels.items():
        if not re.fullmatch(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{2,64}", key):
            raise ValueError(f"holds the key {key!r}; a key is 3 to 65 letters, digits, dots, - and _")
        if not re.fullmatch(r"[a-zA-Z0-9._-]{1,256}", value):
            raise ValueError(f"has a value at {key!r} that is not 1 to 256 letters, digits, dots, - and _")
    return labels


Labels = Annotated[Texts, AfterValidator(_check)]
