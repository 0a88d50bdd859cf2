"""What the engine is told of resources besides their inputs: which changes it ignores, and how it replaces."""

from typing import Any

import pytest

from .conftest import SSH, Recorder


def told(recorder: Recorder, option: str) -> dict[str, Any]:
    """What resources have of an option, by their names less the deployment's; those that have none are left out."""
    values = {key.split("::runner-")[-1]: getattr(request, option) for key, request in recorder.requests.items()}
    return {name: list(value) if option == "ignoreChanges" else value for name, value in values.items() if value}


@pytest.mark.parametrize(
    ("manager", "ignored"),
    [
        ({}, ["ami", "userData"]),
        ({"replaceOnNewImage": True}, ["userData"]),
    ],
)
def test_a_newer_image_replaces_the_manager_only_where_the_settings_say_so(
    deployed_with: Any, manager: dict[str, Any], ignored: list[str]
) -> None:
    recorder = deployed_with(manager={**SSH, **manager})

    assert told(recorder, "ignoreChanges") == {"manager-instance": ignored}


def test_an_address_leaves_one_instance_before_the_next_gets_it(deployed_with: Any) -> None:
    recorder = deployed_with(manager={**SSH, "elasticIp": True})

    assert told(recorder, "deleteBeforeReplace")["manager-address"] is True
