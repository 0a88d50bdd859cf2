"""What every table of the settings has in common."""

import math
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.fields import FieldInfo

from .marks import Mark, marked
from .problems import hide
from .typos import one_edit_apart
from .values import INT64, in_order

_REFUSED = "refused"


class Section(BaseModel):
    """A table of the stack file: unknown keys and values of another type are refused, nothing is converted."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        validate_default=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        # Built at the first use: a preview should not wait for tables that are built again within their parents'.
        defer_build=True,
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: object) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        hide(*marked(cls, Mark.SECRET, Mark.HIDDEN))

    @classmethod
    @cache
    def known_keys(cls) -> list[str]:
        """List the keys that may be set, as the stack file spells them."""
        return [field.alias or name for name, field in cls.model_fields.items() if not _reason(field)]

    @classmethod
    @cache
    def refused(cls) -> Mapping[str, str]:
        """Keys that people will look for and that are not to be set here, with the reason."""
        reasons = {field.alias or name: _reason(field) for name, field in cls.model_fields.items()}
        return {key: reason for key, reason in reasons.items() if reason}


class ConfigTable(Section):
    """A table of config.toml. A field's alias is the key, spelled as GitLab's reference spells it.

    https://docs.gitlab.com/runner/configuration/advanced-configuration/
    """

    extra: Annotated[dict[str, object], Mark.HIDDEN] = Field(
        default_factory=dict,
        description="Keys that gitlab-runner knows and these settings do not; written as they stand",
    )

    @field_validator("extra")
    @classmethod
    def _check_extra(cls, extra: dict[str, object]) -> dict[str, object]:
        if not extra:
            return extra
        for key, value in extra.items():
            if reason := cls._misplaced(key):
                raise ValueError(f"holds {reason}")
            if not _fits_toml(value):
                raise ValueError(f"holds `{key}`, whose value can't be written to TOML (null, or not a number)")
        return {key: in_order(extra[key]) for key in sorted(extra)}

    @classmethod
    def _misplaced(cls, extra_key: str) -> str | None:
        # gitlab-runner matches keys without regard to case, so `Limit` would be a second `limit`.
        lowered = extra_key.lower()
        for key, reason in cls.refused().items():
            if key.lower() == lowered:
                return f"`{key}`, which {reason}"
        for key in cls.known_keys():
            if key.lower() == lowered:
                return f"`{key}`, which is not an extra key; set it outside of extra"
            if one_edit_apart(key.lower(), lowered):
                return f"`{extra_key}`, which gitlab-runner would ignore if it is meant as `{key}`; set that one"
        return None

    def table(self, level: "type[ConfigTable] | None" = None, /, **given: object) -> dict[str, object]:
        """Return the keys that are set, as config.toml has them in its reference's order, the extra ones last.

        `level` is the base class to take the keys of, where a model adds settings of ours to a table of GitLab's.
        `given` holds what only the program knows, by the names of the fields.
        """
        result: dict[str, object] = {}
        keys, places, filled = _layout(level or type(self))
        own = self.__dict__
        # Of some 70 keys most are left out by most people.
        for name in sorted((self.model_fields_set | filled | given.keys()) & keys.keys(), key=places.__getitem__):
            value = given[name] if name in given else own[name]
            if value is not None:
                result[keys[name]] = _plain(value) if isinstance(value, _COMPOSED) else value
        result.update(self.extra)
        return result


@cache
def _layout(model: type[ConfigTable]) -> tuple[dict[str, str], dict[str, int], frozenset[str]]:
    """Return a table's keys by the names of their fields, the places of these, and those that are never left out."""
    fields = {name: field for name, field in model.model_fields.items() if name != "extra"}
    filled = {name for name, field in fields.items() if field.default_factory or field.default not in (None, ...)}
    keys = {name: field.alias or name for name, field in fields.items()}
    return keys, {name: place for place, name in enumerate(fields)}, frozenset(filled)


@cache
def child_tables(model: type[Section]) -> dict[str, type[Section]]:
    """Return the models of the tables, and of lists of tables, that a table may hold, by their keys."""
    found = {field.alias or name: _section_in(field.annotation) for name, field in model.model_fields.items()}
    return {key: inner for key, inner in found.items() if inner is not None}


def _section_in(annotation: object) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next(filter(None, map(_section_in, get_args(annotation))), None)


def left_out() -> Any:
    """The default of a table: it is filled as an empty one in the file would be."""
    return {}


def refuse(reason: str, alias: str | None = None) -> Any:
    """Make a field, of type None, of a key that people will look for and that is not to be set, with the reason."""
    return Field(default=None, alias=alias, json_schema_extra={_REFUSED: reason})


def _reason(field: FieldInfo) -> str | None:
    extra = field.json_schema_extra
    return str(extra[_REFUSED]) if isinstance(extra, dict) and _REFUSED in extra else None


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(item) for item in value] if value and isinstance(value[0], _COMPOSED) else list(value)
    return value.table() if isinstance(value, ConfigTable) else value


_COMPOSED = (ConfigTable, tuple)


def _fits_toml(value: object) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _fits_toml(item) for key, item in value.items())
    if isinstance(value, list):
        return all(_fits_toml(item) for item in value)
    if isinstance(value, bool | str):
        return True
    if isinstance(value, int):
        return -INT64 <= value < INT64
    return isinstance(value, float) and math.isfinite(value)
