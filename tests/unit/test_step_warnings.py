"""Which lines of a step on the manager are told as warnings, and when."""

import asyncio
from typing import Any

import pulumi
import pytest

from components.manager import registration, step_warnings
from components.manager.step_warnings import warning_hooks

from .conftest import LOOP


class Engine:
    """An engine that knows hooks, as the SDK's mocks do not; it only takes them down."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hooks: dict[str, object] = {}
        self.told: list[str] = []
        monkeypatch.setattr(step_warnings, "get_monitor", lambda: self)
        monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: False)
        monkeypatch.setattr(pulumi.log, "warn", self.told.append)
        monkeypatch.setattr(pulumi, "ResourceHook", self._hook)

    def _hook(self, name: str, called: object) -> object:
        self.hooks[name] = called
        return called

    def done(self, name: str, outputs: dict[str, object] | None) -> list[str]:
        """Say that a step is done, and return the warnings that people see."""
        asyncio.set_event_loop(LOOP)
        binding = warning_hooks("warnings")
        assert binding is not None
        assert binding.after_create == binding.after_update == [self.hooks["warnings"]]
        args = pulumi.ResourceHookArgs(urn="urn", id="1", name=name, type="command:remote:Command", new_outputs=outputs)
        (hook,) = binding.after_create
        LOOP.run_until_complete(hook(args))  # type: ignore[arg-type]
        return self.told


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    return Engine(monkeypatch)


def test_lines_that_people_have_to_read_are_one_warning_with_the_steps_name(engine: Engine) -> None:
    printed = "installing ...\nwarning: the clock is off\nwarning: no room is left\nnot a warning: this\ndone\n"
    assert engine.done("runner-install", {"stdout": printed}) == [
        "runner-install: the clock is off\nno room is left",
    ]


@pytest.mark.parametrize("outputs", [None, {}, {"stdout": ""}, {"stdout": "done\n"}, {"stderr": "warning: of ssh"}])
def test_a_step_that_warns_of_nothing_is_not_mentioned(engine: Engine, outputs: dict[str, object] | None) -> None:
    assert engine.done("runner-install", outputs) == []


def test_previews_run_no_steps_and_have_no_hooks(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    assert warning_hooks("warnings") is None
    assert engine.hooks == {}


def test_each_deployment_of_a_program_has_a_hook_of_its_own_name(
    deployed_with: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(registration, "warning_hooks", asked.append)
    deployed_with()

    assert asked == ["runner-registration-warnings"]
