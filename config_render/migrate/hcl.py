"""Reading HCL: the variables that somebody gives to a Terraform module, as far as they are literal values."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..base.input_file import read_bytes
from ..base.problems import without_secrets

LARGEST = 1 << 16
"""In bytes. The library reads some 30 KiB a second."""
_MODULE = re.compile(r"cattle-ops/gitlab-runner/aws|terraform-aws-gitlab-runner|npalm/gitlab-runner/aws")
_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\r": "\r", '\\"': '"', "\\\\": "\\", "$${": "${", "%%{": "%{"}
_ESCAPED = re.compile("|".join(map(re.escape, _ESCAPES)))
_TEMPLATE = re.compile(r"(?<!\$)\$\{|(?<!%)%\{")


class NotHclError(Exception):
    """The file does not hold variables of the module; the text says why, and where."""


@dataclass(frozen=True)
class Expression:
    """A value that only Terraform knows."""

    text: str
    """Such as `module.vpc.vpc_id`."""


def read_variables(path: Path, module: str | None = None) -> dict[str, Any]:
    """Return the variables that a file gives to the module for runners, by their names.

    Args:
        path: A file of assignments, such as `terraform.tfvars`, or of Terraform, with a call of the module.
        module: The call's name, where there are several.

    Returns:
        Values as JSON has them, and an `Expression` for each other one.

    Raises:
        NotHclError: It is no HCL in UTF-8, or has no such call.
        UnreadableFileError: It can't be read, or is too large.
    """
    try:
        text = read_bytes(path, LARGEST).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotHclError(f"{path}: is not UTF-8; save it as UTF-8") from None
    content = _parsed(path, text)
    calls = dict(_calls(content))
    if "module" not in content:
        if "resource" in content or "variable" in content:
            raise NotHclError(f"{path}: has no module; name the file that calls cattle-ops/gitlab-runner/aws")
        return {key: _value(each) for key, each in content.items()}
    if not calls:
        raise NotHclError(f"{path}: has no module whose source is cattle-ops/gitlab-runner/aws; name the file that has")
    if module is None and len(calls) > 1:
        raise NotHclError(f"{path}: has the modules {', '.join(calls)}; each becomes a stack: choose one with --module")
    if module is not None and module not in calls:
        raise NotHclError(f"{path}: has no such module {module}; it has {', '.join(calls)}")
    return calls[module or next(iter(calls))]


def _parsed(path: Path, text: str) -> dict[str, Any]:
    import hcl2  # noqa: PLC0415 - it takes half a second, which other commands need not wait for
    from hcl2.utils import SerializationOptions  # noqa: PLC0415
    from lark.exceptions import LarkError, UnexpectedInput  # noqa: PLC0415

    options = SerializationOptions(with_comments=False, preserve_heredocs=False)
    try:
        return hcl2.loads(f"{text}\n", serialization_options=options)
    except UnexpectedInput as error:
        last = text.rstrip().count("\n") + 1
        where = f":{min(error.line, last)}" if error.line > 0 else f":{last}"
        raise NotHclError(f"{path}{where}: is no valid HCL from there on") from None
    except (LarkError, ValueError, TypeError, AttributeError) as error:
        raise NotHclError(f"{path}: is no valid HCL: {without_secrets(str(error).splitlines()[0][:200])}") from None
    except RecursionError:
        raise NotHclError(f"{path}: is nested too deeply; the module's variables have five levels") from None


def _calls(content: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for block in content.get("module", ()):
        for name, body in block.items():
            given = {key: _value(each) for key, each in body.items() if not key.startswith("__")}
            source = given.pop("source", "")
            if isinstance(source, str) and _MODULE.search(source):
                for key in ("version", "providers", "depends_on", "count", "for_each"):
                    given.pop(key, None)
                yield str(_value(name)), given


def _value(given: Any) -> Any:
    """Return what the library's form of a value means: texts are in quotes there, and expressions are not."""
    if isinstance(given, dict):
        return {str(_value(key)): _value(each) for key, each in given.items() if not str(key).startswith("__")}
    if isinstance(given, list):
        return [_value(each) for each in given]
    if not isinstance(given, str):
        return given
    if len(given) > 1 and given[0] == given[-1] == '"':
        inner = given[1:-1]
        return Expression(given) if _TEMPLATE.search(inner) else _ESCAPED.sub(lambda found: _ESCAPES[found[0]], inner)
    return Expression(given.removeprefix("${").removesuffix("}")) if given.startswith("${") else given
