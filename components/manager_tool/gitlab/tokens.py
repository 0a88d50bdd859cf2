"""Where runners' tokens come from, and keeping them: registered or created once, rotated by whoever, never lost.

What GitLab hands out is on disk before it is used, so that no crash has it handed out twice. A runner is known by its
id, which no rotation changes; of its tokens the newest counts, be it the one kept here or the one in config.toml.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from secrets import token_hex
from typing import NamedTuple, TypedDict

from ..config.runners import Runner, live_runners, own_keys, readable_live_runners
from ..contract.documents import GitLabPlan, TokenSource
from ..host import STAGED, StepError, load, warn, write
from . import api, created
from .api import Credentials, GitLabError
from .aws_token import read_token
from .egress import plan

KEPT = STAGED / "runners.json"
_NEVER = "0001-01-01T00:00:00Z"


class Source(NamedTuple):
    """Where a token comes from."""

    origin: str
    """Stands for it in the file that is kept; holds no secret."""
    kind: str
    """`token`, which is given by its value, `registrationToken` or `accessToken`."""
    secret: str
    pool: str = ""


class KeptRunner(TypedDict, total=False):
    """What is kept of a runner, by the origin of its token."""

    url: str
    kind: str
    attempt: str
    """A word of the note that it gets in GitLab, until its keys are known."""
    keys: dict[str, str]
    """What `own_keys` returns of a section."""
    runner: dict[str, object]
    """The attributes that it was created with."""
    leaving: bool
    """Whether no section uses it any more."""


class Tokens:
    """The tokens of one config.toml in the making."""

    def __init__(self, secrets: dict[str, str]) -> None:
        self._secrets = secrets
        self._plan = plan()
        self._kept: dict[str, KeptRunner] = {**load(KEPT)}
        # What rotated a token in a file that can't be read is lost with the file, and GitLab says so.
        self._live = readable_live_runners()
        self._sources: dict[str, Source] = {}
        self._own: dict[str, dict[str, str]] = {}

    def own_keys(self, section: Runner, placeholder: str) -> dict[str, str]:
        """Return id, token and its times for a section, in TOML, all of it verified at GitLab.

        `placeholder` is `token` for the token of all pools, `token:POOL` for that of a runner which is created for one,
        or the name of a secret. Raises `StepError`, with nothing changed that is live.
        """
        url = section.get("url", "")
        if placeholder not in self._sources:
            self._sources[placeholder] = self._source(url, placeholder)
        source = self._sources[placeholder]
        if source.origin not in self._own:
            self._own[source.origin] = self._verified(source, url)
        return self._own[source.origin]

    def settle(self) -> None:
        """Take down which runners the config.toml that is live now no longer uses; to be called for a whole one alone.

        `leave` then gives them up.
        """
        used = [(self._kept[origin]["url"], self._kept[origin]["keys"]["id"]) for origin in self._own]
        for origin in [origin for origin in self._kept if origin not in self._own]:
            kept = self._kept[origin]
            if "keys" in kept and (kept["url"], kept["keys"]["id"]) not in used:
                kept["leaving"] = True
            else:
                # The same runner under another token.
                del self._kept[origin]
        write(KEPT, json.dumps(self._kept))

    def _source(self, url: str, placeholder: str) -> Source:
        name, _, pool = placeholder.partition(":")
        if name != "token":
            return _given(url, self._secret(name))
        wanted: TokenSource = self._plan["token"] if self._plan else {"from": "token"}
        kind = wanted["from"]
        if kind == "tokenParameter" or kind == "tokenSecret":
            return _given(url, read_token(kind, wanted))
        secret = self._secret(kind)
        if kind == "token":
            return _given(url, secret)
        if kind == "registrationToken":
            # Another registration token is no reason to register another runner.
            return Source(_origin(kind, url), kind, secret)
        runner = wanted["runner"]
        belongs = [str(runner.get(key, "")) for key in ("runner_type", "group_id", "project_id")]
        return Source(_origin(kind, url, *belongs, pool), kind, secret, pool)

    @property
    def _told(self) -> GitLabPlan:
        if self._plan is None:
            raise StepError("the manager was not told of GitLab yet; nothing was changed; run `pulumi up` again")
        return self._plan

    def _secret(self, name: str) -> str:
        if name not in self._secrets:
            raise StepError(f"the manager lacks the secret {name}; nothing was changed")
        return self._secrets[name]

    def _verified(self, source: Source, url: str) -> dict[str, str]:
        kept = self._kept.get(source.origin)
        if kept is not None and "keys" in kept:
            own = newest(kept["keys"], [live for live in self._live if live.get("url") == url])
            try:
                api.verify(url, json.loads(own["token"]))
            except GitLabError as error:
                # A runner that was deleted in GitLab is made anew, as it was made the first time.
                if error.status != 403 or source.kind == "token":
                    raise _refused(error, source) from None
                del self._kept[source.origin]
            else:
                self._keep(source, url, own)
                return own
        answer = self._obtain(source, url)
        own = in_toml(answer)
        self._keep(source, url, own)
        if source.kind != "token":
            api.verify(url, answer["token"])
        return own

    def _obtain(self, source: Source, url: str) -> Credentials:
        try:
            if source.kind == "token":
                return api.verify(url, source.secret)
            if source.kind == "registrationToken":
                return api.register(url, source.secret, self._told["deployment"])
        except GitLabError as error:
            raise _refused(error, source) from None
        wanted, (attempt, again) = self._wanted(source), self._attempt(source, url)
        if again:
            created.remove_unfinished(url, source.secret, wanted, attempt)
        return created.create(url, source.secret, wanted, attempt)

    def _wanted(self, source: Source) -> dict[str, object]:
        runner = dict(self._told["token"]["runner"])
        pool = f"-{source.pool}" if source.pool else ""
        return {**runner, "description": f"{runner.get('description', self._told['deployment'])}{pool}"}

    def _attempt(self, source: Source, url: str) -> tuple[str, bool]:
        """Return a word for the runner's note in GitLab, kept before that is made, and whether by an earlier run."""
        kept = self._kept.setdefault(source.origin, {"url": url, "kind": source.kind})
        again = "attempt" in kept
        if not again:
            kept["attempt"] = token_hex(8)
            write(KEPT, json.dumps(self._kept))
        return kept["attempt"], again

    def _keep(self, source: Source, url: str, own: dict[str, str]) -> None:
        kept = self._kept.get(source.origin, {})
        entry: KeptRunner = {"url": url, "kind": source.kind, "keys": own}
        if source.kind == "accessToken":
            wanted = self._wanted(source)
            if "keys" in kept and kept.get("runner") != wanted:
                created.change(url, source.secret, own["id"], wanted)
            entry["runner"] = wanted
        if entry != kept:
            self._kept[source.origin] = entry
            write(KEPT, json.dumps(self._kept))


def newest(kept: dict[str, str], live: Sequence[Runner]) -> dict[str, str]:
    """Return the youngest keys of the runner of `kept`: gitlab-runner may have rotated its token in a live section."""
    candidates = [kept, *(own for own in map(own_keys, live) if own.get("id") == kept["id"] and "token" in own)]
    return max(candidates, key=lambda own: own.get("token_obtained_at", ""))


def out_of_step() -> bool:
    """Whether gitlab-runner has rotated the token of one section of a runner, which cuts off its other sections."""
    sections = [(live.get("url"), live.get("id"), live.get("token")) for live in live_runners()]
    return len({*sections}) != len({section[:2] for section in sections})


def known() -> list[str]:
    """Return the tokens that are kept."""
    return [json.loads(entry["keys"]["token"]) for entry in load(KEPT).values() if "keys" in entry]


def any_leaving() -> bool:
    """Whether there are runners that no section uses any more."""
    return any(entry.get("leaving") for entry in load(KEPT).values())


def leave(busy: Callable[[str], bool]) -> None:
    """Give up the runners that no section uses any more, less those by whose token jobs may still run, says `busy`."""
    _give_up_all(lambda entry: entry.get("leaving", False) and not busy(json.loads(entry["keys"]["token"])))


def leave_all() -> None:
    """Give up all runners of this deployment; says what could not be, and never fails.

    Takes a runner's own token, so it needs no access token and works when that is no longer valid.
    """
    _give_up_all(lambda entry: True)


def _give_up_all(which: Callable[[KeptRunner], bool]) -> None:
    kept: dict[str, KeptRunner] = {**load(KEPT)}
    live = readable_live_runners()
    for origin, entry in [*kept.items()]:
        if "keys" in entry and which(entry):
            at_same = [section for section in live if section.get("url") == entry["url"]]
            entry["keys"] = newest(entry["keys"], at_same)
            if _give_up(entry):
                del kept[origin]
                write(KEPT, json.dumps(kept))


def _give_up(entry: KeptRunner) -> bool:
    """Leave a runner that was given to us, delete one that was made for us; return whether GitLab lists it no more."""
    url, number, token = entry["url"], entry["keys"]["id"], json.loads(entry["keys"]["token"])
    path, body, what = "runners", {"token": token}, f"runner {number}"
    if entry["kind"] == "token":
        path, body = "runners/managers", {"token": token, "system_id": api.system_id()}
        what = f"this manager of runner {number}"
    try:
        api.call(url, "DELETE", path, body)
    except GitLabError as error:
        if error.status in (403, 404):
            return True
        warn(f"{url} still lists {what}; delete it there: {error}")
        return False
    print(f"{url} no longer lists {what}")
    return True


def _origin(*parts: str) -> str:
    return f"{parts[0]}:{hashlib.sha256(json.dumps(parts).encode()).hexdigest()}"


def _given(url: str, token: str) -> Source:
    return Source(_origin("token", url, token), "token", token)


def in_toml(answer: Credentials) -> dict[str, str]:
    """Write GitLab's answer, as `api` has checked it, as gitlab-runner writes it into config.toml."""
    expires = answer["token_expires_at"] or _NEVER
    obtained = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    times = {"token_obtained_at": obtained, "token_expires_at": expires}
    return {"id": str(answer["id"]), "token": json.dumps(answer["token"]), **times}


_SET = "pulumi config set --secret gitlab-runner-aws"
_REFUSED = {
    (
        "token",
        403,
    ): f"GitLab did not accept the token: the runner was deleted, or its token was reset. Set the one that "
    f"it has now, or that of another runner: {_SET}:token (or where tokenParameter, tokenSecret or pools' token say)",
    (
        "registrationToken",
        403,
    ): f"GitLab did not accept the registration token; copy it again: {_SET}:registrationToken",
    (
        "registrationToken",
        410,
    ): "GitLab no longer takes registration tokens, as it does by default since 17.0; create a "
    f"runner there and set its token instead: {_SET}:token; or let accessToken and createRunner create it",
}


def _refused(error: GitLabError, source: Source) -> GitLabError:
    reason = _REFUSED.get((source.kind, error.status))
    return GitLabError(f"{reason}\n({error})", error.status) if reason else error
