"""The note that a merge request gets for one stack: what a preview is about to do, the most important first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from config_render.base.amounts import Amount
from planning.costs import HOURS_A_MONTH, NOT_COUNTED, PARTS, Cost

from .bill import Bill
from .changes import DONE, Changes
from .effects import NOTHING, effects_of
from .events import SECRET
from .markdown import FOLD_FROM, block, code, folded, table
from .note_changes import permissions, resources, settings
from .policy import Verdict
from .toml_diff import toml_diff

LONGEST = 1_000_000
"""The most characters that GitLab takes for a note: https://docs.gitlab.com/administration/instance_limits/"""

_CUTS = (None, 5_000, 500, 50)
"""How many lines of a block are kept, tried one after the other until the note is short enough."""


@dataclass(frozen=True)
class Origin:
    """What a preview was made of and by; empty where it is unknown."""

    commit: str = ""
    job_url: str = ""


def marker(changes: Changes) -> str:
    """Return the hidden line by which a stack's note is found again."""
    # Two dashes in a row would end the comment.
    name = quote(f"{changes.project}/{changes.stack}").replace("-", "%2D")
    return f"<!-- gitlab-runner-aws preview {name} -->"


def note(changes: Changes, bill: Bill | None, verdicts: Sequence[Verdict], origin: Origin | None = None) -> str:
    """Return the note's Markdown, of at most `LONGEST` characters."""
    text = ""
    for most in _CUTS:
        text = _note(changes, bill, verdicts, origin or Origin(), most)
        if len(text) <= LONGEST:
            return text
    return text[: LONGEST - len(_CUT_OFF)] + _CUT_OFF


_CUT_OFF = "\n\nThe rest is too long for a note; the artifact has it whole.\n"


def _note(changes: Changes, bill: Bill | None, verdicts: Sequence[Verdict], origin: Origin, most: int | None) -> str:
    parts = [
        marker(changes),
        f"### Preview of {code(changes.stack)}: {_heading(changes)}",
        _policies(verdicts),
        _interruptions(changes),
        _errors(changes, most),
        _warnings(changes, most),
        *settings(changes, most),
        *resources(changes),
        permissions(changes, most),
        *_configs(changes, most),
        _cost(bill, changes),
        _said(changes, most),
        _footer(origin),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _heading(changes: Changes) -> str:
    if changes.failed:
        return "failed, nothing was changed"
    if changes.nothing:
        return "nothing changes"
    counts = [f"{changes.counts[op]} {done}" for op, done in DONE.items() if changes.counts[op]]
    new = "a new stack, " if changes.first else ""
    return new + (", ".join(counts) or "only outputs change")


def _policies(verdicts: Sequence[Verdict]) -> str:
    lines = []
    for verdict in verdicts:
        for reason in verdict.reasons:
            if verdict.fails:
                means = f"the job fails; if it is meant, put the label {code(verdict.label)} on the merge request"
                lines.append(f"- :no_entry: {code(reason)}: {means} and run the job again")
            else:
                lines.append(f"- :white_check_mark: {code(reason)}: allowed by the label {code(verdict.label)}")
    return "\n".join(lines)


def _interruptions(changes: Changes) -> str:
    if changes.failed or changes.nothing or changes.first:
        return ""
    found = effects_of(changes) or [NOTHING]
    return "\n".join(f"- Jobs: {effect}." for effect in found)


def _errors(changes: Changes, most: int | None) -> str:
    if not changes.failed:
        return ""
    errors = changes.of("error")
    if not errors:
        return "The engine said no reason; the job's log has its last words."
    return block("\n\n".join(errors), "text", most)


def _warnings(changes: Changes, most: int | None) -> str:
    warnings = changes.of("warning")
    if not warnings:
        return ""
    count = f"{len(warnings)} warning{'' if len(warnings) == 1 else 's'}"
    return "\n".join([f"#### :warning: {count}", "", *(f"- {code(text)}" for text in warnings[:most])])


def _configs(changes: Changes, most: int | None) -> Iterable[str]:
    for config in changes.configs:
        name = "config.toml" if len(changes.configs) == 1 else f"config.toml of {code(config.runner)}"
        if SECRET in (config.before, config.after):
            yield f"#### {name}\n\nIt is a secret as a whole, and so not shown."
        elif diff := toml_diff(config.before, config.after):
            lines = diff.count("\n") + 1
            shown = block(diff, "diff", most)
            if lines < 5 * FOLD_FROM:
                yield f"#### {name}\n\n{shown}"
            else:
                yield f"#### {name}\n\n{folded(f'{lines} lines', shown)}"


def _cost(bill: Bill | None, changes: Changes) -> str:
    if bill is None or changes.nothing:
        return ""
    costs = [each for each in (bill.before, bill.after) if each]
    parts = [part for part in PARTS if any(part in each.worst for each in costs)]
    names = [*_AMOUNTS, *(f"– {part}" for part in parts), _EXPECTED]  # noqa: RUF001 - a dash before each part
    columns = [_amounts(each, parts, bill.currency) for each in (bill.before, bill.after)]
    rows = [
        [what, before, after if before == after else f"**{after}**"]
        for what, before, after in zip(names, *columns, strict=True)
    ]
    return f"#### Cost\n\n{table(['', 'before', 'after'], rows)}\n\nAt today's prices. {NOT_COUNTED}"


_AMOUNTS = ("machines at most", "an hour, if all of them run", "a month, if all of them run")
_EXPECTED = "a month without any job"


def _amounts(of: Cost | None, parts: Sequence[str], currency: str) -> list[str]:
    if of is None:
        return ["-"] * (len(_AMOUNTS) + len(parts) + 1)
    by_part = [of.worst[part] * HOURS_A_MONTH if part in of.worst else Amount() for part in parts]
    amounts = (of.worst_per_hour, of.worst_per_month, *by_part, of.expected_per_month)
    return [f"{of.most:,}", *(each.in_words(lambda known: f"{known:,.2f} {currency}") for each in amounts)]


def _said(changes: Changes, most: int | None) -> str:
    """What the stack itself says, such as prices; not what its resources say, which is told above."""
    texts = [each.text for each in changes.diagnostics if each.severity == "info" and not each.urn]
    return (
        "" if not texts else folded("Today's prices, and what else was said", block("\n\n".join(texts), "text", most))
    )


def _footer(origin: Origin) -> str:
    parts = []
    if origin.commit:
        parts.append(f"for commit {code(origin.commit[:8])}")
    if origin.job_url:
        parts.append(f"by [this job]({quote(origin.job_url, safe=':/%-._~')}), whose artifacts have it whole")
    return f"<sub>Made {' '.join(parts)}.</sub>" if parts else ""
