"""MachineOptions as a person writes them: `name=value`, as docker-machine's command line reads them."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from ..base.pydantic_messages import in_words
from ..base.tags import split_tags
from .driver import CKI_ONLY, FIELDS, KINDS, DriverOptions

# As Go's strconv.ParseBool has it.
_WORDS = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}
_MOST_REMEMBERED = 4096


def merge_options(options: Sequence[str]) -> dict[str, object]:
    """Return options that `check_option` found to be right as DriverOptions has them; repeated ones make a list."""
    merged: dict[str, Any] = {}
    for option in options:
        name, value = _read(option)
        merged[name] = (*merged.get(name, ()), value) if KINDS[name] == "list" else value
    return merged


@lru_cache(_MOST_REMEMBERED)
def check_option(option: str) -> str | None:
    """Return why docker-machine would refuse `option`, or what makes it useless here; None if it is fine.

    Quotes the option's name only: its value may be a secret.
    """
    name = option.partition("=")[0]
    if reason := DriverOptions.refused().get(name):
        return f"sets {name}, which {reason}"
    if name.startswith("swarm"):
        return f"sets {name}, which belongs to Docker's former swarms and is of no use here; leave it out"
    if name not in KINDS:
        return _unknown(name)
    try:
        _, value = _read(option)
        DriverOptions.model_validate({name: (value,) if KINDS[name] == "list" else value})
    except ValidationError as error:
        return f"sets {name}, which {in_words(error.errors(include_url=False)[0])}"
    except ValueError as error:
        return f"sets {name}, which {error}"
    return None


def _read(option: str) -> tuple[str, object]:
    name, equals, text = option.partition("=")
    kind = KINDS[name]
    if kind == "bool":
        if equals and text not in _WORDS:
            raise ValueError("must be true or false")
        return name, _WORDS[text] if equals else True
    if kind == "int":
        if not re.fullmatch(r"-?[0-9]{1,19}", text):
            raise ValueError("must be a whole number")
        return name, int(text)
    if not text and name != "amazonec2-spot-price":
        raise ValueError("must not be empty; give it a value or leave it out")
    return name, split_tags(text) if name == "amazonec2-tags" else text


def _unknown(name: str) -> str:
    bare = name.lstrip("-")
    if not re.fullmatch(r"[A-Za-z0-9-]{1,60}", bare):
        return "is not an option of docker-machine; write it as amazonec2-monitoring=true"
    close = get_close_matches(bare, [option for option in FIELDS if option not in CKI_ONLY], n=1)
    hint = f"; did you mean `{close[0]}`?" if close else "; see the options of docker-machine's amazonec2 driver"
    return f"has the unknown option {name}{hint}"
