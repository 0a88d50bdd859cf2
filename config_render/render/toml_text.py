"""Writing config.toml."""

from collections.abc import Iterator, Mapping

import tomli_w


def dumps(content: Mapping[str, object]) -> str:
    """Return the text of a document. Scripts go over several lines, as a person would write them.

    The library drops the carriage returns of Windows' line breaks in these, so a document with such a text has none.
    """
    return tomli_w.dumps(content, multiline_strings=not any("\r\n" in text for text in _texts(content)))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
