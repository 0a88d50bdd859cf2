"""What the manager is told of GitLab beside config.toml: where tokens come from, whom to trust, which proxy to take."""

from config_render import Settings, secret_names
from config_render.base.placeholders import ACCESS_TOKEN

from ..manager_tool.contract.documents import GitLabPlan, TokenSource

_DIRECT = ("localhost", "127.0.0.1", "169.254.169.254")
"""What no proxy is asked for: this host, and EC2's metadata service."""


def gitlab_plan(settings: Settings, *, deployment: str, region: str, secret: str | None) -> GitLabPlan:
    """Return the plan that the manager's tool follows; it holds names of secrets alone.

    `deployment` is what GitLab calls the runner unless `createRunner.description` says otherwise. `secret` says which
    of token, registrationToken and accessToken is given, if any.
    """
    source = _source(settings, region, secret)
    proxy = settings.manager.proxy
    needs = {*([secret] if secret else []), *(secret_names(proxy.url) if proxy else [])}
    plan: GitLabPlan = {
        "url": settings.gitlab.url,
        "deployment": deployment,
        "token": source,
        "needs": sorted(needs),
    }
    if settings.gitlab.ca is not None:
        plan["ca"] = settings.gitlab.ca
    if proxy is not None:
        own = [] if settings.network.vpc_id is not None else [str(settings.network.cidr)]
        plan["proxy"] = {"url": proxy.url, "noProxy": [*_DIRECT, *own, *proxy.no_proxy]}
    return plan


def _source(settings: Settings, region: str, secret: str | None) -> TokenSource:
    if settings.token_parameter is not None:
        return {"from": "tokenParameter", "name": settings.token_parameter, "region": region}
    if settings.token_secret is not None:
        given = settings.token_secret
        return {
            "from": "tokenSecret",
            "name": given,
            "region": given.split(":")[3] if given.startswith("arn:") else region,
        }
    if secret == ACCESS_TOKEN and settings.create_runner is not None:
        return {"from": secret, "runner": settings.create_runner.attributes()}
    return {"from": secret or "token"}
