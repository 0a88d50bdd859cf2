"""Asking AWS, before anything is created, for prices and for what could keep machines from starting.

Takes a few seconds at most, whatever the network does, and never fails: what is unknown is told as such.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from config_render.base.problems import printable
from planning.market import Failure, Market, Wanted

from .market_cache import Kept, MarketCache
from .market_questions import UNREADABLE, Client, Question, questions

_WORKERS = 12
"""Enough that nearly all stacks' questions are asked at once."""
_LOGIN = "log in to AWS, or set aws:profile"
# As pulumi-aws names them where AWS's SDK does otherwise.
_ENDPOINTS = {"service-quotas": "servicequotas"}
_LONGEST_CODE = 100
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")

_Outcome = tuple[Question, object, str | None]
"""A question with its answer, or with why there is none."""


def look(wanted: Wanted, *, profile: str | None, endpoints: Mapping[str, str], seconds: float = 3.0) -> Market:
    """Return what AWS says of `wanted`, within `seconds`; from the user's cache where that is less than an hour old.

    Credentials are those that boto3 and the AWS CLI find, or those of `profile`. `endpoints` are URLs by the names of
    services in pulumi-aws's setting of that name, such as ec2, pricing and servicequotas.
    """
    deadline = time.monotonic() + seconds
    cache = MarketCache.of_user(profile, endpoints)
    found = _Found()
    unanswered = [question for question in questions(wanted) if not found.kept(question, cache.get(question.key))]
    if unanswered:
        outcomes: SimpleQueue[_Outcome] = SimpleQueue()
        call = _Call(wanted.region, profile, endpoints, seconds, cache, outcomes)
        # Threads of this kind do not keep the program from ending; those of concurrent.futures do.
        Thread(target=call.start, args=(tuple(unanswered),), daemon=True).start()
        while unanswered and (left := deadline - time.monotonic()) > 0:
            try:
                question, answer, trouble = outcomes.get(timeout=left)
            except Empty:
                break
            unanswered.remove(question)
            found.told(question, answer, trouble)
    for question in unanswered:
        trouble = f"AWS did not answer within {seconds:g} s; asked again in a minute at the earliest"
        cache.put(question.key, Kept(trouble=trouble))
        found.told(question, None, trouble)
    return found.market()


class NotLoggedInError(Exception):
    """Nothing can be asked; the text says why."""


@dataclass
class _Found:
    """What is known so far."""

    parts: dict[str, dict[Any, Any]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)

    def kept(self, question: Question, kept: Kept | None) -> bool:
        """Take what the cache holds; tells whether that was of use."""
        return kept is not None and self.told(question, kept.answer, kept.trouble)

    def told(self, question: Question, answer: object, trouble: str | None) -> bool:
        if trouble is None:
            try:
                parts = question.read(answer, *question.parameters)
            except UNREADABLE:
                return False
            for name, part in parts.items():
                self.parts.setdefault(name, {}).update(part)
        else:
            self.failures.append(Failure(question.what, trouble))
        return True

    def market(self) -> Market:
        return Market(**self.parts, failures=tuple(self.failures))


@dataclass(frozen=True)
class _Call:
    """Asks AWS, in threads of its own, and puts each outcome into the cache and into a queue."""

    region: str
    profile: str | None
    endpoints: Mapping[str, str]
    seconds: float
    cache: MarketCache
    outcomes: "SimpleQueue[_Outcome]"

    def start(self, asked: Iterable[Question]) -> None:
        """Log in and let workers ask."""
        try:
            session, trouble = self._session(), ""
        except NotLoggedInError as error:
            session, trouble = None, str(error)
        except Exception as error:  # a library that is missing, a credential process that fails in a way of its own
            session, trouble = None, f"the AWS credentials can't be used ({type(error).__name__}); {_LOGIN}"
        if session is None:
            for question in asked:
                self.outcomes.put((question, None, trouble))
            return
        clients: dict[tuple[str, str], Client] = {}
        work: SimpleQueue[tuple[Question, Client] | None] = SimpleQueue()
        for _ in range(_WORKERS):
            Thread(target=self._work, args=(work,), daemon=True).start()
        for question in asked:
            place = (question.service, question.region)
            try:
                if place not in clients:
                    clients[place] = self._client(session, *place)
                work.put((question, clients[place]))
            except Exception as error:  # an endpoint that is not a valid URL, say
                self.outcomes.put((question, None, _reason(question, error)))
        for _ in range(_WORKERS):
            work.put(None)

    def _session(self) -> Any:
        """Return a session that has credentials. Raises NotLoggedInError."""
        # Takes a third of a second, and is not needed where the cache knows all.
        from botocore.session import Session  # noqa: PLC0415

        session = Session(profile=self.profile)
        session.set_config_variable("region", self.region)  # to log in there
        if "mfa_serial" in session.get_scoped_config():
            raise NotLoggedInError("the profile wants a code of an MFA device, which is not asked for here")
        credentials = session.get_credentials()
        if credentials is None:
            raise NotLoggedInError(f"there are no AWS credentials; {_LOGIN}")
        credentials.get_frozen_credentials()
        return session

    def _client(self, session: Any, service: str, region: str) -> Client:
        from botocore.config import Config  # noqa: PLC0415

        times = {"connect_timeout": self.seconds, "read_timeout": self.seconds}
        return session.create_client(
            service,
            region_name=region,
            endpoint_url=self.endpoints.get(_ENDPOINTS.get(service, service)),
            config=Config(
                **times, max_pool_connections=_WORKERS, retries={"mode": "standard", "total_max_attempts": 2}
            ),
        )

    def _work(self, work: "SimpleQueue[tuple[Question, Client] | None]") -> None:
        while given := work.get():
            question, client = given
            answer, trouble = None, None
            try:
                answer = question.ask(client, *question.parameters)
                question.read(answer, *question.parameters)
                if question.lasts(answer):
                    self.cache.put(question.key, Kept(answer))
            except Exception as error:  # whatever it is, the deployment continues
                trouble = _reason(question, error)
            self.outcomes.put((question, answer, trouble))


def _reason(question: Question, error: Exception) -> str:
    """Say why a call failed, without quoting AWS: its texts may hold names and ids of the account."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    if code in _DENIED:
        return f"AWS refuses it; allow {question.permission}"
    if code:
        return f"AWS answered {printable(str(code))[:_LONGEST_CODE]}"
    return f"AWS can't be reached ({type(error).__name__})"
