"""config.toml, made of the settings and of what the stack created."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ..base.placeholders import ACCESS_KEY_PLACEHOLDER, SECRET_KEY_PLACEHOLDER, TOKEN_PLACEHOLDER
from ..base.regions import s3_endpoint
from ..executors.created import CreatedResources
from ..executors.entries import Entry
from ..executors.registry import pool_entries, pool_executor
from ..settings.cache import CacheKeys
from ..settings.pool import Pool
from ..settings.process import GlobalKeys
from ..settings.runner import RunnerKeys
from ..settings.stack import Settings
from .toml_text import dumps

_HEADING = "# Made by gitlab-runner-aws from its stack's settings; edits on this host are overwritten.\n"
_ADAPTIVE_REQUESTS = "FF_USE_ADAPTIVE_REQUEST_CONCURRENCY"


def render(settings: Settings, created: CreatedResources) -> str:
    """Return the text of config.toml. Equal arguments give equal bytes, whatever the order of tables and tags."""
    return _HEADING + dumps(document(settings, created))


def document(settings: Settings, created: CreatedResources) -> dict[str, Any]:
    """Return the content of config.toml as TOML would be read, with placeholders for its secrets."""
    return settings.table(GlobalKeys, runners=[*_runners(settings, created)])


def _runners(settings: Settings, created: CreatedResources) -> Iterator[dict[str, object]]:
    cache = _cache(settings, created)
    sharing = sections_by_token(settings)
    for pool in settings.pools:
        docker = pool.docker.table()
        for entry in pool_entries(settings, pool):
            token = token_of(settings, pool, entry)
            yield pool.table(
                RunnerKeys,
                name=entry.name,
                limit=entry.share(pool.limit),
                request_concurrency=pool.request_concurrency or sharing[token] + 1,
                url=settings.gitlab.url,
                token=token,
                executor=settings.executor_of(pool),
                cache=cache,
                feature_flags=_feature_flags(settings, pool, sharing[token]),
                docker=docker,
                **pool_executor(settings, pool).tables(settings, created, pool, entry),
            )


def token_of(settings: Settings, pool: Pool, entry: Entry) -> str:
    """Return the placeholder of the token that a runner entry has."""
    each = settings.create_runner.each if settings.create_runner else "deployment"
    own = {"deployment": "", "pool": f":{pool.name}", "entry": f":{entry.name}"}[each]
    return pool.token or TOKEN_PLACEHOLDER.replace(">", f"{own}>")


def pools_by_token(settings: Settings) -> dict[str, list[int]]:
    """Return which pools, by their numbers, take jobs with which token: gitlab-runner counts these together."""
    found: dict[str, list[int]] = {}
    for index, pool in enumerate(settings.pools):
        found.setdefault(token_of(settings, pool, pool_entries(settings, pool)[0]), []).append(index)
    return found


def sections_by_token(settings: Settings) -> Counter[str]:
    """Count the sections of config.toml that may be live on each token: gitlab-runner counts their requests together.

    Source: `getRunnerCounter` and `acquireRequest` in commands/builds_helper.go of gitlab-runner.
    """
    found: Counter[str] = Counter()
    for pool in settings.pools:
        on_top = pool_executor(settings, pool).on_demand_on_top(pool)
        for entry in pool_entries(settings, pool):
            found[token_of(settings, pool, entry)] += 2 if entry.share(on_top) else 1
    return found


def _feature_flags(settings: Settings, pool: Pool, sections: int) -> dict[str, bool] | None:
    flags = pool_executor(settings, pool).feature_flags(pool)
    if sections > 1:
        # In quiet times it lets each token have one request at a time, and a request that GitLab holds back for up to
        # a minute would keep the token's other sections from looking after their machines.
        flags = {**flags, _ADAPTIVE_REQUESTS: False}
    return dict(sorted({**flags, **(pool.feature_flags or {})}.items())) if flags else pool.feature_flags


def _cache(settings: Settings, created: CreatedResources) -> dict[str, object]:
    cache = settings.cache
    return cache.table(CacheKeys, s3=_s3(settings, created) if cache.type == "s3" else None)


def _s3(settings: Settings, created: CreatedResources) -> dict[str, object]:
    s3 = settings.cache.s3
    given: dict[str, object] = {"bucket_name": s3.bucket_name or created.bucket}
    if settings.cache.at_amazon:
        given["server_address"] = s3.server_address or s3_endpoint(created.region)
        given["bucket_location"] = s3.bucket_location or created.bucket_region
        given["role_arn"] = s3.role_arn or created.cache_role
    by_key = s3.access_key is not None
    if settings.identity.by_key and settings.cache.at_amazon and not by_key:
        by_key = True
        given["access_key"], given["secret_key"] = ACCESS_KEY_PLACEHOLDER, SECRET_KEY_PLACEHOLDER
    by_profile = None if by_key else "iam"
    return s3.table(**given, authentication_type=s3.authentication_type or by_profile)
