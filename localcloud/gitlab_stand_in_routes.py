"""The endpoints of the stand-in for GitLab: what each one demands, changes and answers."""

import re
from collections.abc import Callable

from .gitlab_stand_in_calls import Answer, Call
from .gitlab_stand_in_notes import change_note, create_note, list_notes
from .gitlab_stand_in_records import CREATED_PREFIX, RefusalError, forbidden, not_found, now, random_token

_TYPES = ("instance_type", "group_type", "project_type")


def _verify(call: Call) -> Answer:
    (token,) = call.required("token")
    # A created runner has a manager per system; one that was registered the old way may go without.
    if token.startswith(CREATED_PREFIX):
        call.required("system_id")
    runner = call.state.records.authenticate(token)
    if "system_id" in call.parameters:
        call.state.records.manager(runner, str(call.parameters["system_id"]))
    return Answer(200, runner.credentials())


def _register(call: Call) -> Answer:
    (token,) = call.required("token")
    if call.state.registration_token is None:
        raise RefusalError(410, {"message": "410 Gone - runner registration disallowed"})
    if token != call.state.registration_token:
        raise forbidden()
    runner = call.state.records.add_runner(random_token(), call.settings())
    return Answer(201, runner.credentials())


def _unregister(call: Call) -> Answer:
    (token,) = call.required("token")
    del call.state.records.runners[call.state.records.authenticate(token).id]
    return Answer(204)


def _unregister_manager(call: Call) -> Answer:
    token, system_id = call.required("token", "system_id")
    runner = call.state.records.authenticate(token)
    if runner.managers.pop(system_id, None) is None:
        raise not_found()
    return Answer(204)


def _reset_own_token(call: Call) -> Answer:
    (token,) = call.required("token")
    records = call.state.records
    return Answer(201, records.reset_token(records.authenticate(token)))


def _create(call: Call) -> Answer:
    call.person("create_runner")
    (kind,) = call.required("runner_type")
    if kind not in _TYPES:
        raise RefusalError(400, {"error": "runner_type does not have a valid value"})
    if kind != "instance_type":
        call.required(kind.replace("_type", "_id"))
    runner = call.state.create_runner({"runner_type": kind, **call.settings()})
    runner.token_expires_at = call.parameters.get("token_expires_at")
    if kind != "instance_type":
        what = kind.removesuffix("_type")
        runner.owner = (f"{what}s", int(call.parameters[f"{what}_id"]))
    return Answer(201, runner.credentials())


def _delete(call: Call, number: str) -> Answer:
    call.person("manage_runner")
    del call.state.records.runners[call.state.records.runner(int(number)).id]
    return Answer(204)


def _details(call: Call, number: str) -> Answer:
    call.person("manage_runner", "read_api")
    return Answer(200, call.state.records.runner(int(number)).details())


def _list(call: Call, *owner: str) -> Answer:
    call.person("manage_runner", "read_api")
    wanted = (owner[0], int(owner[1])) if owner else None
    kind = call.parameters.get("type")
    runners = [
        runner.summary()
        for runner in call.state.records.runners.values()
        if (wanted is None or runner.owner == wanted) and kind in (None, runner.details()["runner_type"])
    ]
    size, page = int(call.parameters.get("per_page", 20)), int(call.parameters.get("page", 1))
    return Answer(200, runners[size * (page - 1) : size * page])


def _change(call: Call, number: str) -> Answer:
    call.person("manage_runner")
    runner = call.state.records.runner(int(number))
    runner.settings.update(call.settings())
    return Answer(200, runner.details())


def _managers(call: Call, number: str) -> Answer:
    call.person("manage_runner", "read_api")
    runner = call.state.records.runner(int(number))
    return Answer(200, [manager.details() for manager in runner.managers.values()])


def _reset_token_of(call: Call, number: str) -> Answer:
    call.person("manage_runner")
    records = call.state.records
    return Answer(201, records.reset_token(records.runner(int(number))))


def _request_job(call: Call) -> Answer:
    (token,) = call.required("token")
    records = call.state.records
    runner = records.authenticate(token)
    manager = records.manager(runner, str(call.parameters.get("system_id", "<legacy>")))
    manager.contacted_at, manager.info = now(), dict(call.parameters.get("info") or {})
    job = records.next_job(runner, manager.system_id)
    if job is None:
        return Answer(204, headers={"X-GitLab-Last-Update": str(len(records.jobs))})
    return Answer(201, job.payload())


def _update_job(call: Call, number: str) -> Answer:
    (token,) = call.required("token")
    job = call.state.records.job(int(number), token)
    state = call.parameters.get("state")
    if state not in ("running", "success", "failed"):
        raise RefusalError(400, {"message": "400 Bad request - Unknown parameters"})
    if job.state != "running":
        raise RefusalError(403, {"message": "403 Forbidden  - Job is not running"})
    job.state = state
    return Answer(200, 200, {"Job-Status": state})


def _append_trace(call: Call, number: str) -> Answer:
    job = call.state.records.job(int(number), call.header("Job-Token"))
    match = re.match(r"(\d+)-", call.header("Content-Range"))
    if match is None:
        raise RefusalError(400, {"error": "400 Missing header Content-Range"})
    if int(match[1]) != len(job.trace):
        return Answer(416, {"error": "416 Range Not Satisfiable"}, {"Range": f"0-{len(job.trace)}"})
    job.trace += call.raw
    return Answer(202, 202, {"Job-Status": job.state, "Range": f"0-{len(job.trace)}"})


def _version(call: Call) -> Answer:
    call.person("read_user")
    return Answer(200, {"version": "19.3.0", "revision": "stand-in", "enterprise": False})


Handler = Callable[..., Answer]
_API = "/api/v4"
_NOTES = rf"{_API}/projects/(\d+)/merge_requests/(\d+)/notes"
ROUTES: list[tuple[str, str, Handler]] = [
    ("POST", f"{_API}/runners/verify", _verify),
    ("POST", f"{_API}/runners", _register),
    ("DELETE", f"{_API}/runners", _unregister),
    ("DELETE", f"{_API}/runners/managers", _unregister_manager),
    ("POST", f"{_API}/runners/reset_authentication_token", _reset_own_token),
    ("POST", f"{_API}/user/runners", _create),
    ("GET", f"{_API}/runners/all", _list),
    ("GET", rf"{_API}/(groups|projects)/(\d+)/runners", _list),
    ("GET", rf"{_API}/runners/(\d+)", _details),
    ("DELETE", rf"{_API}/runners/(\d+)", _delete),
    ("PUT", rf"{_API}/runners/(\d+)", _change),
    ("GET", rf"{_API}/runners/(\d+)/managers", _managers),
    ("POST", rf"{_API}/runners/(\d+)/reset_authentication_token", _reset_token_of),
    ("POST", f"{_API}/jobs/request", _request_job),
    ("PUT", rf"{_API}/jobs/(\d+)", _update_job),
    ("PATCH", rf"{_API}/jobs/(\d+)/trace", _append_trace),
    ("GET", f"{_API}/version", _version),
    ("GET", _NOTES, list_notes),
    ("POST", _NOTES, create_note),
    ("PUT", rf"{_NOTES}/(\d+)", change_note),
]
