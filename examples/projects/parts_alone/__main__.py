"""The cache alone, and the config.toml alone: the manager, its network and its identity are made by other means."""

import pulumi
from gitlab_runner_aws import Cache, CacheArgs, CacheSettings, parse
from gitlab_runner_aws.config_render import CreatedResources, render

config = pulumi.Config()
place = config.require_object("place")
cache = Cache("builds", CacheArgs(settings=CacheSettings.model_validate(config.require_object("cache"))))
settings = parse(
    config.require_object("runner"), region=place["region"], tokens={"token": None}, place="parts-alone:runner."
)

# Placeholders such as <secret:token> stand where secrets belong: whoever puts the file in place fills them in.
config_toml = cache.bucket_name.apply(
    lambda bucket: render(
        settings, CreatedResources(deployment="by-hand", bucket=bucket, bucket_region=place["region"], **place)
    )
)

pulumi.export("cache_bucket", cache.bucket_name)
pulumi.export("config_toml", config_toml)
