"""Rules about where the runner's token comes from: one place, and what that needs beside it."""

from collections.abc import Callable, Iterator, Mapping

from ..base.access_tokens import check_access_token, check_registration_token
from ..base.placeholders import ACCESS_TOKEN, REGISTRATION_TOKEN, TOKEN
from ..base.problems import NAMESPACE, Problem, problem
from ..base.runner_token import check_token
from .raw import RawStack, texts

_SET = f"pulumi config set --secret {NAMESPACE}"
_CHECKS: Mapping[str, Callable[[str], str | None]] = {
    TOKEN: check_token,
    REGISTRATION_TOKEN: check_registration_token,
    ACCESS_TOKEN: check_access_token,
}
_PLAIN = ("tokenParameter", "tokenSecret")


def token_problems(stack: RawStack, tokens: Mapping[str, str | None]) -> Iterator[Problem]:
    """Yield what is wrong with the token settings. `tokens` holds the secret ones, by their names."""
    for name, check in _CHECKS.items():
        text = tokens.get(name)
        if text is not None and (reason := check(text)):
            yield problem((name,), reason)
    given = [*tokens, *(name for name in _PLAIN if stack.content.get(name) is not None)]
    for other in given[1:]:
        yield problem((other,), f"is set beside {given[0]}, and there is one token for all pools; leave out one")
    own = [pool.content.get("token") for pool in stack.pools]
    if not given and stack.content.get("createRunner") is None and not (own and all(own)):
        yield problem((TOKEN,), f"missing; set it with: {_SET}:{TOKEN}")
    yield from _creation(stack, tokens)
    yield from _rights(stack, given)


def _creation(stack: RawStack, tokens: Mapping[str, str | None]) -> Iterator[Problem]:
    wanted = stack.content.get("createRunner")
    if wanted is None:
        if ACCESS_TOKEN in tokens:
            yield problem(("createRunner",), "missing, while accessToken is set; say what to create: {runnerType: ...}")
        return
    if ACCESS_TOKEN not in tokens:
        message = "missing, while createRunner is set; needed: one with the scope create_runner; set it with"
        yield problem((ACCESS_TOKEN,), f"{message}: {_SET}:{ACCESS_TOKEN}")
    runner = stack.table("createRunner")
    kind = runner.get("runnerType")
    for key, of in (("groupId", "group_type"), ("projectId", "project_type")):
        if kind == of and runner.get(key) is None:
            message = (
                f"missing, while runnerType is {of}; its page in GitLab shows it: Copy {of.removesuffix('_type')} ID"
            )
            yield problem(("createRunner", key), message)
        elif kind != of and runner.get(key) is not None:
            yield problem(("createRunner", key), f"is for the runnerType {of}; leave it out", runner[key])
    if runner.get("runUntagged") is False and not runner.get("tags"):
        yield problem(("createRunner", "runUntagged"), "leaves no jobs at all without tags; give some", False)


def proxy_problems(stack: RawStack) -> Iterator[Problem]:
    """Yield what a proxy lacks: workers in an existing network must be reached without it."""
    proxy = stack.table("manager", "proxy")
    direct = texts(proxy.get("noProxy"))
    if proxy and stack.table("network").get("vpcId") is not None and not any("/" in each for each in direct):
        message = "names no network; add the range of the VPC's addresses, such as 10.0.0.0/16: workers are reached "
        yield problem(("manager", "proxy", "noProxy"), f"{message}directly")


def _rights(stack: RawStack, given: list[str]) -> Iterator[Problem]:
    if stack.table("identity").get("mode") == "accessKey":
        for name in _PLAIN:
            if name in given:
                message = "is read with the manager's role, which the mode accessKey has not; set token instead"
                yield problem((name,), message, stack.content[name])
