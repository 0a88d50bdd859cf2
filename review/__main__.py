"""`python -m review job|note|reports|policy|post|page`: what people read of a preview, from the engine's events."""

import argparse
import os
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath

from config_render.base.input_file import UnreadableFileError
from config_render.files.checked_file import UnusableError
from config_render.files.stack_file import read_stack_file
from config_render.files.yaml_file import read_yaml
from planning.aws import look
from planning.market import Market

from . import reports
from .bill import Bill, bill_of, endpoints_of, wanted_of
from .changes import Changes, changes_of
from .events import UnreadableEventsError, read_events
from .gitlab_notes import MergeRequest, NoNoteError, PostError, post
from .note import Origin, note
from .page import command as page
from .policy import POLICIES, UnknownPolicyError, Verdict, verdicts

FORBIDDEN = 1
"""The exit code where a policy is against it, the preview failed, or a note could not be posted."""
MISTAKEN = 2
"""The exit code where a call or a file can't be used."""


class Preview:
    """One preview of one stack, as the options of a call name it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self.file: Path = options.file

    @cached_property
    def changes(self) -> Changes:
        prefix, suffix = "Pulumi.", self.file.suffix
        if not self.file.name.startswith(prefix) or suffix not in (".yaml", ".yml"):
            raise UnusableError(f"{self.file}: is not a stack file; give one that is called Pulumi.STACK.yaml")
        stack = self.file.name.removeprefix(prefix).removesuffix(suffix)
        project = read_yaml(self.file.with_name("Pulumi.yaml"))[0]
        name = str(project.get("name", "")) if isinstance(project, dict) else ""
        changes = changes_of(read_events(self._options.events), project=name, stack=stack)
        try:
            return changes.located(read_stack_file(self.file), self.file.name)
        except UnreadableFileError:
            return changes  # the preview has failed for it, and says so

    @cached_property
    def bill(self) -> Bill | None:
        wanted = wanted_of(self.changes)
        market = Market()
        if wanted is not None:
            market = look(wanted, profile=self.changes.aws.get("profile"), endpoints=endpoints_of(self.changes))
        return bill_of(self.changes, market)

    @cached_property
    def verdicts(self) -> list[Verdict]:
        enforced, labels = (_listed(text) for text in (self._options.policies, self._options.labels))
        return verdicts(self.changes, self.bill, enforced=enforced, labels=labels, prefix=self._options.label_prefix)


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def main(arguments: Sequence[str] | None = None) -> int:
    """Answer one call; returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.answer(options)
        sys.stdout.flush()
    except (UnusableError, UnreadableFileError, UnreadableEventsError, UnknownPolicyError) as error:
        print(error, file=sys.stderr)
        return MISTAKEN
    except OSError as error:
        print(f"{error.filename}: can't be written ({error.strerror})", file=sys.stderr)
        return MISTAKEN
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, answer: object, about: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=about, description=about)
        made.set_defaults(answer=answer)
        made.add_argument("file", type=Path, metavar="FILE", help="the stack's Pulumi.STACK.yaml")
        events = "what pulumi preview --event-log wrote, with PULUMI_DEBUG_COMMANDS=true"
        made.add_argument("--events", type=Path, metavar="FILE", required=True, help=events)
        policies = f"those that count, with commas between them; by default {','.join(POLICIES)}"
        made.add_argument("--policies", metavar="NAMES", default=",".join(POLICIES), help=policies)
        labels = "the merge request's, with commas between them; by default CI_MERGE_REQUEST_LABELS"
        made.add_argument(
            "--labels", metavar="LABELS", default=os.environ.get("CI_MERGE_REQUEST_LABELS", ""), help=labels
        )
        prefix = "a label of this and a policy's name allows what that forbids; by default allow-"
        made.add_argument("--label-prefix", metavar="TEXT", default="allow-", help=prefix)
        return made

    def with_folder(made: argparse.ArgumentParser) -> None:
        made.add_argument("--folder", type=Path, metavar="FOLDER", required=True, help="is made if it is not there")
        path = "of the stack file in the repository; by default FILE"
        made.add_argument("--path", type=PurePosixPath, metavar="PATH", help=path)

    def with_token(made: argparse.ArgumentParser) -> None:
        token = "the variable that holds a project's access token; by default GITLAB_NOTE_TOKEN"  # noqa: S105
        made.add_argument("--token-variable", metavar="NAME", default="GITLAB_NOTE_TOKEN", help=token)

    made = command("job", _job, "all of the following for a CI job: note.md, reports, the note posted, exit code")
    with_folder(made)
    with_token(made)
    command("note", _note, "print the note as Markdown")
    with_folder(command("reports", _reports, "write the reports for GitLab into a folder"))
    command("policy", _policy, "say what policies have against it; exit code 1 if any has, or if the preview failed")
    with_token(command("post", _post, "post the note to the merge request of this CI job, or update it"))
    made = commands.add_parser("page", help=page.ABOUT, description=page.ABOUT)
    page.arguments(made)
    made.set_defaults(answer=page.answer)
    return parser


def _text(preview: Preview) -> str:
    origin = Origin(os.environ.get("CI_COMMIT_SHA", ""), os.environ.get("CI_JOB_URL", ""))
    return note(preview.changes, preview.bill, preview.verdicts, origin)


def _job(options: argparse.Namespace) -> int:
    preview = Preview(options)
    text = _text(preview)
    _write_reports(options, preview)
    (options.folder / "note.md").write_text(text, encoding="utf-8")
    # The artifact has the note; that it could not be posted is no reason to hold up a merge request.
    _posted(options, preview, text)
    return _judged(options, preview)


def _note(options: argparse.Namespace) -> int:
    print(_text(Preview(options)), end="")
    return 0


def _reports(options: argparse.Namespace) -> int:
    _write_reports(options, Preview(options))
    return 0


def _policy(options: argparse.Namespace) -> int:
    return _judged(options, Preview(options))


def _post(options: argparse.Namespace) -> int:
    preview = Preview(options)
    return 0 if _posted(options, preview, _text(preview)) else FORBIDDEN


def _write_reports(options: argparse.Namespace, preview: Preview) -> None:
    path = options.path or PurePosixPath(options.file)
    options.folder.mkdir(parents=True, exist_ok=True)
    for name, text in (
        ("terraform.json", reports.terraform(preview.changes)),
        ("codequality.json", reports.codequality(preview.changes, path)),
        ("metrics.txt", reports.metrics(preview.changes, preview.bill)),
        ("junit.xml", reports.junit(preview.changes, preview.verdicts)),
    ):
        (options.folder / name).write_text(text, encoding="utf-8")


def _judged(options: argparse.Namespace, preview: Preview) -> int:
    """Say what is against it; returns the exit code."""
    fails = [verdict for verdict in preview.verdicts if verdict.fails]
    if preview.changes.failed:
        print(f"{options.file}: the preview failed; its message is above", file=sys.stderr)
        return FORBIDDEN
    for verdict in fails:
        for reason in verdict.reasons:
            meant = f"if it is meant, put the label {verdict.label} on the merge request and run the job again"
            print(f"{options.file}: {verdict.policy}: {reason}; {meant}", file=sys.stderr)
    return FORBIDDEN if fails else 0


def _posted(options: argparse.Namespace, preview: Preview, text: str) -> bool:
    """Post a note, and say what came of it; tells whether nothing went wrong."""
    try:
        request = MergeRequest.of_job(os.environ, options.token_variable)
        print(f"the note of {preview.changes.stack} is {post(request, text.splitlines()[0], text)}")
    except NoNoteError as reason:
        print(f"no note is posted: {reason}")
    except PostError as error:
        print(f"no note is posted: {error}", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
