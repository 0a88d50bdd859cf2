"""A stand-in for GitLab: merge requests and their notes, as far as whoever posts notes can see them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .gitlab_stand_in_records import RefusalError, now

LONGEST_NOTE = 1_000_000
"""https://docs.gitlab.com/administration/instance_limits/#size-of-comments-and-descriptions-of-issues-merge-requests-and-epics"""


@dataclass
class Note:
    """One note."""

    id: int
    author: str
    """The access token of whoever wrote it."""
    body: str
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)

    def details(self, iid: int, project: int, user: int) -> dict[str, Any]:
        """The note as https://docs.gitlab.com/api/notes/#get-a-merge-request-note shows it."""
        return {
            "id": self.id,
            "type": None,
            "body": self.body,
            "author": {"id": user, "username": f"project_{project}_bot_{user}", "name": "bot", "state": "active"},
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "system": False,
            "noteable_id": iid,
            "noteable_type": "MergeRequest",
            "project_id": project,
            "noteable_iid": iid,
            "resolvable": False,
            "confidential": False,
            "internal": False,
        }


@dataclass
class MergeRequests:
    """The merge requests of all projects, by project and number."""

    notes: dict[tuple[int, int], list[Note]] = field(default_factory=dict)
    written: int = 0
    authors: list[str] = field(default_factory=list)

    def of(self, project: int, iid: int) -> list[Note]:
        """The notes of one, the oldest first."""
        if not any(known == project for known, _ in self.notes):
            raise RefusalError(404, {"message": "404 Project Not Found"})
        if (project, iid) not in self.notes:
            raise RefusalError(404, {"message": "404 Not found"})
        return self.notes[project, iid]

    def add(self, project: int, iid: int, author: str, body: str) -> Note:
        """Write a note."""
        notes = self.of(project, iid)
        checked(body)
        self.written += 1
        notes.append(Note(self.written, author, body))
        return notes[-1]

    def change(self, note: Note, author: str, body: str) -> None:
        """Write a note anew; only whoever wrote it may."""
        if note.author != author:
            raise RefusalError(403, {"message": "403 Forbidden"})
        checked(body)
        note.body, note.updated_at = body, now()

    def user(self, author: str) -> int:
        """The number of whoever has a token."""
        if author not in self.authors:
            self.authors.append(author)
        return self.authors.index(author) + 1


def checked(body: str) -> None:
    """Refuse what is too long for a note."""
    if len(body) > LONGEST_NOTE:
        errors = f'{{:note=>["is too long (maximum is {LONGEST_NOTE} characters)"]}}'
        raise RefusalError(400, {"message": f"400 Bad request - Note {errors}"})


def page_of(notes: list[Note], parameters: Mapping[str, Any]) -> tuple[list[Note], dict[str, str]]:
    """The notes of one page, and what the headers say of the others: https://docs.gitlab.com/api/rest/#pagination."""
    newest_first = parameters.get("sort", "desc") != "asc"
    ordered = sorted(notes, key=lambda note: note.id, reverse=newest_first)
    size, number = min(int(parameters.get("per_page", 20)), 100), int(parameters.get("page", 1))
    shown = ordered[(number - 1) * size : number * size]
    more = len(ordered) > number * size
    return shown, {
        "X-Page": str(number),
        "X-Per-Page": str(size),
        "X-Total": str(len(ordered)),
        "X-Next-Page": str(number + 1) if more else "",
    }
