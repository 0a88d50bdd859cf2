"""Names that modules load when they are first asked for, and those that they have not."""

import pytest

import components
from components import aws, dicts


def test_everything_public_is_there_by_its_name() -> None:
    assert {name: getattr(components, name).__name__ for name in components.__all__} == {
        name: "dict" if name.endswith("Dict") else name for name in components.__all__
    }


def test_a_class_that_only_some_deployments_use_is_pulumi_awss_own() -> None:
    for name in aws.__all__:
        found = getattr(aws, name)
        assert found.__name__ == name
        assert found.__module__.startswith("pulumi_aws.")


def test_a_name_that_there_is_not_is_told_as_python_does() -> None:
    with pytest.raises(AttributeError, match=r"has no attribute 'nothing'$"):
        _ = components.nothing
    with pytest.raises(AttributeError, match=r"^module 'components' has no attribute '__wrapped__'$"):
        _ = components.__wrapped__
    with pytest.raises(AttributeError, match=r"^module 'components.dicts' has no attribute 'Pool'$"):
        _ = dicts.Pool  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match=r"^nothing$"):
        _ = aws.nothing
