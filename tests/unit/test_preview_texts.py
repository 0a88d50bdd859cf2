"""Texts that a preview shows although parts of them are unknown yet."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pulumi
import pytest

from components.preview import or_marker, show_incomplete
from config_render import MARKER

from .conftest import LOOP


def facts(value: object, *, known: bool, secret: bool) -> tuple[Any, bool, bool]:
    """Value, whether it is known and whether it is secret, of what `or_marker` makes of an output."""

    async def ready(answer: Any) -> Any:
        return answer

    async def ask() -> tuple[Any, bool, bool]:
        asyncio.get_running_loop()
        given: pulumi.Output[str] = pulumi.Output(
            _of(ready(set())), _of(ready(value)), _of(ready(known)), _of(ready(secret))
        )
        made = or_marker(given)
        return await made.future(), await made.is_known(), await made.is_secret()

    return LOOP.run_until_complete(ask())


def _of(coroutine: Awaitable[Any]) -> Any:
    return asyncio.ensure_future(coroutine)


@pytest.mark.parametrize("secret", [True, False])
def test_what_is_not_known_yet_is_a_marker_that_counts_as_known_and_stays_as_secret_as_it_was(secret: bool) -> None:
    assert facts(None, known=False, secret=secret) == (MARKER, True, secret)
    assert facts("subnet-1", known=True, secret=secret) == ("subnet-1", True, secret)


def test_a_text_with_markers_is_shown_and_one_without_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[object, ...]] = []
    monkeypatch.setattr(pulumi.log, "info", lambda *told: shown.append(told))
    resource: Any = object()

    assert show_incomplete("vpc = vpc-1", resource) == "vpc = vpc-1"
    assert shown == []
    text = f"vpc = {MARKER}"
    assert show_incomplete(text, resource) == text
    assert shown == [(f"config.toml, as far as it is known:\n{text}", resource)]
