"""`python -m config_render image`."""

import argparse
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from ..base.instance_types import architecture
from ..base.pydantic_messages import in_words
from ..base.regions import partition
from ..base.values import ImageId, SubnetId
from ..executors.docker_autoscaler.group import login_user
from ..files.checked_file import UnusableError
from ..files.stack_file import StackFile
from ..settings.image import ImageLookup, OperatingSystem, published_image
from ..settings.image import login_user as user_of_system
from ..settings.pool import Pool
from ..settings.stack import Settings
from .template import (
    LONGEST_NAME,
    ImageBuild,
    helper_image,
    image_name,
    image_setting,
    is_reference,
    name_is_too_long,
    packer_template,
)

Read = Callable[[argparse.Namespace], tuple[StackFile, Settings]]


def add_image(with_file: Callable[[str, object, str], argparse.ArgumentParser], read: Read) -> None:
    """Add the command to a parser.

    Args:
        with_file: Makes a command that has a stack file as its first argument.
        read: Reads that file.
    """
    about = "print a Packer template for the image of a pool's machines: with Docker, the helper image and others"
    parser = with_file("image", lambda options: _image(options, read), about)
    parser.add_argument("pool", metavar="POOL", help="name of the pool")
    parser.add_argument(
        "--pull",
        nargs="+",
        action="extend",
        default=[],
        type=_reference,
        metavar="IMAGE",
        help="container images that are in it too; they must be there for everybody",
    )
    parser.add_argument(
        "--base",
        type=_base,
        metavar="IMAGE",
        help=f"the image to begin with: {', '.join(get_args(OperatingSystem))}, or an id; by default that of the pool "
        "or, where the pool has an image of this command's, the current Ubuntu",
    )
    parser.add_argument(
        "--subnet-id", type=_subnet, metavar="SUBNET", help="where to build it; by default in the default VPC"
    )


def _image(options: argparse.Namespace, read: Read) -> None:
    file, settings = read(options)
    path: Path = options.file
    pool = next((pool for pool in settings.pools if pool.name == options.pool), None)
    if pool is None:
        raise UnusableError(f"{path}: has no pool {options.pool}; it has {', '.join(p.name for p in settings.pools)}")
    if file.region is None:
        raise UnusableError(f"{path}: says no aws:region, where the image is to be; set it")
    kinds = sorted({architecture(each) for each in pool.instance_types})
    if len(kinds) > 1:
        raise UnusableError(
            f"{path}: the pool {pool.name} has instance types of {' and '.join(kinds)}, which no image can boot both; "
            "put them into two pools, each with its image"
        )
    if name_is_too_long(pool, _stack(path)):
        raise UnusableError(
            f"{path}: the image's name, {image_name(pool, _stack(path))}/ and a time, is over the {LONGEST_NAME} "
            "characters that AWS takes; give the file, which the stack is called after, a shorter name"
        )
    build = ImageBuild(
        stack=_stack(path),
        region=file.region,
        partition=partition(file.region),
        base=_looked_up(options.base, pool, partition(file.region)),
        pulled=options.pull,
        subnet=options.subnet_id,
    )
    print(json.dumps(packer_template(settings, pool, build), indent=2, ensure_ascii=False))
    print(_what_next(settings, pool, build), file=sys.stderr)


def _what_next(settings: Settings, pool: Pool, build: ImageBuild) -> str:
    setting = image_setting(pool, build.stack).model_dump(exclude_none=True)
    quoted = ", ".join(f"{key}: {json.dumps(value) if key == 'name' else value}" for key, value in setting.items())
    lines = [
        f"Once Packer has built it, the pool {pool.name} takes the newest such image with this line in the stack file"
        f"{', in place of ami' if pool.ami else ''}:",
        f"    image: {{{quoted}}}",
    ]
    if helper_image(settings, pool) is None:
        lines.append(
            f"Not in the image: docker.helper_image = {pool.docker.helper_image}, whose variables only a job has; name "
            "the image that it becomes with --pull"
        )
    return "\n".join(lines)


def _stack(path: Path) -> str:
    """Return the name of a `Pulumi.<stack>.yaml`'s stack, or what another file is called."""
    name = re.sub(r"\.ya?ml$", "", path.name).removeprefix("Pulumi.")
    return re.sub(r"[^\w.-]", "-", name, flags=re.ASCII)


def _looked_up(base: str | None, pool: Pool, partition: str) -> ImageLookup | str | None:
    for system in get_args(OperatingSystem):
        if base == system:
            if (user := user_of_system(system)) != login_user(pool):
                raise UnusableError(
                    f"--base {base}: its user is {user}, while the manager would log in to machines of the pool "
                    f"{pool.name} as {login_user(pool)}; set driver.amazonec2-ssh-user: {user} there"
                )
            return published_image(system, architecture(pool.instance_types[0]), partition)
    return base


def _base(text: str) -> str:
    return text if text in get_args(OperatingSystem) else _value(ImageId, text)


def _subnet(text: str) -> str:
    return _value(SubnetId, text)


def _value(kind: Any, text: str) -> str:
    try:
        return str(TypeAdapter(kind).validate_python(text))
    except ValidationError as error:
        reason = in_words(error.errors(include_url=False)[0])
        raise argparse.ArgumentTypeError(f"{text} {reason}") from None


def _reference(text: str) -> str:
    if not is_reference(text):
        raise argparse.ArgumentTypeError(
            f"{text} is not a valid container image reference; write it as registry.example.com/group/image:tag"
        )
    return text
