"""Which keys of config.toml never hold a secret, so that a change of one by hand can be shown with its values.

`python -m config_render.render.harmless` prints what the manager is given of it; `make schema` puts that in its place.
"""

from collections.abc import Iterable, Iterator
from types import NoneType
from typing import Annotated, Literal, get_args, get_origin

from ..base.section import ConfigTable, child_tables
from ..base.values import Pattern
from ..settings.cache import CacheKeys
from ..settings.driver import KINDS
from ..settings.process import GlobalKeys
from ..settings.runner import RunnerKeys

_NAMES = {
    *("runners.name", "runners.executor", "runners.builds_dir", "runners.cache_dir"),
    *("runners.machine.MachineName", "runners.machine.autoscaling.Periods", "runners.machine.autoscaling.Timezone"),
    *("runners.docker.image", "runners.docker.helper_image", "runners.docker.pull_policy", "runners.docker.user"),
    *("runners.docker.allowed_images", "runners.docker.allowed_services", "runners.docker.allowed_users"),
    *("runners.docker.allowed_privileged_images", "runners.docker.allowed_privileged_services"),
    *("runners.docker.volumes", "runners.docker.cache_dir", "runners.docker.network_mode", "runners.docker.runtime"),
    *("runners.docker.cap_add", "runners.docker.cap_drop", "runners.docker.devices", "runners.docker.security_opt"),
    *("runners.docker.services.name", "runners.docker.services.alias", "runners.cache.s3.BucketLocation"),
    *("runners.autoscaler.plugin", "runners.autoscaler.plugin_config.name", "runners.autoscaler.max_instances"),
    *("runners.autoscaler.policy.periods", "runners.autoscaler.policy.timezone"),
    "runners.autoscaler.connector_config.key_path",
}
"""Keys whose values are free texts, but names or paths, which are written down elsewhere too."""
_OPTIONS = {
    *("amazonec2-ami", "amazonec2-region", "amazonec2-zone", "amazonec2-vpc-id", "amazonec2-subnet-id"),
    *("amazonec2-security-group", "amazonec2-iam-instance-profile", "amazonec2-instance-type", "amazonec2-spot-price"),
    *("amazonec2-volume-type", "amazonec2-device-name", "amazonec2-ssh-user", "amazonec2-metadata-token"),
}
"""The same of docker-machine's options; some are none of the settings', as the program sets them itself."""


def harmless_keys() -> list[str]:
    """Return the keys by their tables, such as `runners.docker.image`; one that ends in `.` stands for a whole table.

    These are all whose values are bounded by their type (numbers, choices, texts of a form) and the names above.
    """
    found = {*_keys(GlobalKeys, ""), *_keys(RunnerKeys, "runners."), *_keys(CacheKeys, "runners.cache.")}
    return sorted(found | _NAMES)


def harmless_options() -> list[str]:
    """Return the options of docker-machine of which the same is true."""
    bounded = {option for option, kind in KINDS.items() if kind in ("bool", "int")}
    return sorted(bounded | _OPTIONS)


def _keys(model: type[ConfigTable], before: str) -> Iterator[str]:
    tables = child_tables(model)
    for name, field in model.model_fields.items():
        key = field.alias or name
        if key in model.refused() or key == "extra":
            continue
        inner = tables.get(key)
        if inner is not None and issubclass(inner, ConfigTable):
            yield from _keys(inner, f"{before}{key}.")
        elif _is_table_of_switches(field.annotation):
            yield f"{before}{key}."
        elif _is_bounded(field.annotation, field.metadata):
            yield f"{before}{key}"


def _is_table_of_switches(annotation: object) -> bool:
    return annotation == dict[str, bool] or any(map(_is_table_of_switches, get_args(annotation)))


def _is_bounded(annotation: object, metadata: Iterable[object] = ()) -> bool:
    if get_origin(annotation) is Annotated:
        inner, *further = get_args(annotation)
        return _is_bounded(inner, further)
    if get_origin(annotation) is Literal or annotation in (bool, int, float, NoneType):
        return True
    if annotation is str:
        return any(isinstance(each, Pattern) for each in metadata)
    parts = [part for part in get_args(annotation) if part is not ...]
    return get_origin(annotation) is not dict and bool(parts) and all(map(_is_bounded, parts))


def as_module() -> str:
    """Return the module that the manager is given."""
    lines = ['"""What config_render.render.harmless.py says, for the manager: made by `make schema`."""']
    for name, items in {"KEYS": harmless_keys(), "OPTIONS": harmless_options()}.items():
        lines += ["", f"{name} = frozenset(", "    {", *(f'        "{item}",' for item in items), "    }", ")"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(as_module(), end="")
