"""Secrets in texts that people wrote: tokens by their shapes, and passwords by what stands before them.

A secret that looks like any other word can't be told from one: what is known to hold secrets, such as a token's key,
needs no look at its text.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import pairwise

_NAME = (
    r"token|secret|passw|passphrase|pwd|credential|cookie|webhook|signature|authoriz|dsn|"
    r"(?:access|private|api|account|auth|signing|encryption|deploy|license)[_-]?key|auth[_-]?config"
)
_A_SECRETS_NAME = re.compile(rf"{_NAME}|(?:^|[_.-])(?:pass|auth|pat|pin)(?:$|[_.-])|[_.-]key$", re.IGNORECASE)
_NO_SECRETS_NAME = re.compile(r"(?:_|-|^)(?:file|path|dir|url|host|enabled|ttl|expiry)$|key[_-]?id$", re.IGNORECASE)

# Tokens of GitLab, AWS, GitHub, Slack, Docker Hub, npm, PyPI, Vault, Google, Stripe and SendGrid, and JSON web tokens.
_SHAPES = (
    r"(?<![A-Za-z0-9])(?:gl(?:agent|cbt|dt|ffct|ft|imt|oas|pat|ptt|rtr?|soat|wt)-[\w.-]+|GR1348941[\w.-]*|"
    r"(?:AKIA|ASIA)[0-9A-Z]{8,}|gh[pousr]_\w{16,}|github_pat_\w{16,}|xox[abeoprs]-[\w-]{8,}|dckr_(?:pat|oat)_[\w-]{8,}|"
    r"npm_\w{16,}|pypi-[\w-]{16,}|hv[sbr]\.[\w.-]{16,}|AIza[\w-]{30,}|[rs]k_(?:live|test)_\w{8,}|"
    r"SG\.[\w-]{8,}\.[\w-]{8,}|eyJ[\w-]{8,}(?:\.[\w-]+)*)"
)
_VALUE = r"""(?:"(?P<{0}q>[^"\n]+)"|'(?P<{0}a>[^'\n]+)'|(?P<{0}p>[^\s"',;|&)\]}}]+))"""
_SECRETS = re.compile(
    r"(?P<block>-----BEGIN [^-]*PRIVATE KEY-----.*?(?:-----END [^-]*-----|\Z))"
    rf"|(?P<shape>{_SHAPES})"
    r"|://(?P<user>[^\s/\"'<>]+)@"
    r"|(?i:authorization)[\"']?\s*[:=]\s*[\"']?(?:(?i:basic|bearer|token)\s+)?(?P<header>[^\s\"']+)"
    rf"|(?<![$<\w{{])(?:[\w.-]*(?i:{_NAME})[\w.-]*|(?i:auth|password))[\"']?\s*[:=]\s*{_VALUE.format('n')}"
    rf"|--?(?i:password|passwd|token|secret|api-key|auth)[ =]\s*{_VALUE.format('f')}"
    rf"|\bset\s+\S*(?i:{_NAME})\S*\s+{_VALUE.format('s')}"
    rf"|(?:\blogin\b[^\n;|&]*?\s-p|\bsshpass\s+-p|\bmysql\b[^\n;|&]*?\s-p|"
    rf"\blogin\s+\S+\s+password)[ =]?\s*{_VALUE.format('l')}"
    rf"|\s(?:-u|--user)[ =]\s*[\"']?[\w.@-]+:{_VALUE.format('u')}"
    rf"|\becho\s+(?:-n\s+)?{_VALUE.format('e')}\s*\|[^\n]*(?:login|--password-stdin)",
    re.DOTALL,
)
_RANDOM = re.compile(r"(?<![\w/+-])(?:[\w/+]{40}|[\w+-]{20,}={0,2})(?![\w/+-])")
_AWS_SECRET_KEY = 40
_LEAST_CHANGES = 0.4
_USERS = re.compile(r"[A-Za-z-]{1,16}")
_HARMLESS = re.compile(
    r"\$.*|<.*|\(.*|`.*|-.*|%\w+%|\*+|\d{1,5}|/[\w.@:-]*(?:/[\w.@:-]*)*|x+|[{}\[\]]+|true|false|yes|no|null|none|required|"
    r"optional|enabled|disabled|stdin",
    re.IGNORECASE | re.DOTALL,
)
_PLAIN = re.compile(r"[a-z]+(?:[-_ ][a-z]+)*|[\d.]{1,9}[A-Za-z%]{0,3}|.{0,6}|/[\w./-]*", re.IGNORECASE)


def names_a_secret(name: str) -> bool:
    """Return whether what is called `name` is likely to be a secret."""
    return _A_SECRETS_NAME.search(name) is not None and _NO_SECRETS_NAME.search(name) is None


def is_plain(text: str) -> bool:
    """Return whether `text` is a word, a number or a path, so that it may be shown whatever it is called."""
    return _PLAIN.fullmatch(text) is not None and not holds_secret(text)


@lru_cache(4096)
def holds_secret(text: str, *, random: bool = True) -> bool:
    """Return whether `text` holds a secret; with `random`, also one that only looks like a random one."""
    return next(_spans(text, random=random), None) is not None


def replace_secrets(text: str, replacement: Callable[[str], str]) -> str:
    """Return `text` with what `replacement` returns for each of its secrets."""
    parts, end = [], 0
    for start, stop in _spans(text):
        parts += [text[end:start], replacement(text[start:stop])]
        end = stop
    return "".join([*parts, text[end:]])


def _spans(text: str, *, random: bool = True) -> Iterator[tuple[int, int]]:
    found = [span for match in _SECRETS.finditer(text) if (span := _secret_of(match))]
    found += [match.span() for match in _RANDOM.finditer(text) if random and _is_random(match[0])]
    end = 0
    for start, stop in sorted(found):
        if start >= end:
            yield start, stop
            end = stop


def _secret_of(match: re.Match[str]) -> tuple[int, int] | None:
    name = next(name for name, value in match.groupdict().items() if value is not None)
    start, stop = match.span(name)
    if name in ("block", "shape"):
        return start, stop
    if name == "user":
        user, colon, _ = match[name].partition(":")
        if not colon:
            return None if _USERS.fullmatch(user) or _HARMLESS.fullmatch(user) else (start, stop)
        start += len(user) + 1
    return None if start == stop or _HARMLESS.fullmatch(match.string, start, stop) else (start, stop)


def _is_random(text: str) -> bool:
    """Return whether letters of both cases and digits change as often as they do where a machine chose them."""
    kinds = ["digit" if c.isdigit() else "upper" if c.isupper() else "lower" if c.islower() else "other" for c in text]
    changes = sum(one != other for one, other in pairwise(kinds))
    least = 1 if len(text) == _AWS_SECRET_KEY else _LEAST_CHANGES * len(text)
    return {"digit", "upper", "lower"} <= {*kinds} and changes >= least
