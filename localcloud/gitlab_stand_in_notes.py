"""A stand-in for GitLab: the endpoints of a merge request's notes, https://docs.gitlab.com/api/notes/#merge-requests."""

from .gitlab_stand_in_calls import Answer, Call
from .gitlab_stand_in_merge_requests import page_of
from .gitlab_stand_in_records import RefusalError


def list_notes(call: Call, project: str, iid: str) -> Answer:
    """Show one page of the notes."""
    call.person("read_api")
    requests = call.state.merge_requests
    shown, headers = page_of(requests.of(int(project), int(iid)), call.parameters)
    details = [note.details(int(iid), int(project), requests.user(note.author)) for note in shown]
    return Answer(200, details, headers)


def create_note(call: Call, project: str, iid: str) -> Answer:
    """Write a note."""
    call.person()
    (body,) = call.required("body")
    author = call.header("Private-Token")
    requests = call.state.merge_requests
    note = requests.add(int(project), int(iid), author, body)
    return Answer(201, note.details(int(iid), int(project), requests.user(author)))


def change_note(call: Call, project: str, iid: str, number: str) -> Answer:
    """Write a note anew."""
    call.person()
    (body,) = call.required("body")
    author = call.header("Private-Token")
    requests = call.state.merge_requests
    note = next((each for each in requests.of(int(project), int(iid)) if each.id == int(number)), None)
    if note is None:
        raise RefusalError(404, {"message": "404 Note Not Found"})
    requests.change(note, author, body)
    return Answer(200, note.details(int(iid), int(project), requests.user(author)))
