"""MachineOptions that somebody wrote, as settings: where machines are, what they are, and the driver's options.

https://gitlab.com/gitlab-org/ci-cd/docker-machine/-/blob/main/docs/drivers/aws.md#options
"""

import re
from dataclasses import dataclass, field

from ..base.marks import Mark, marked
from ..base.secret_texts import holds_secret, names_a_secret
from ..base.tags import DEPLOYMENT_TAG, MANAGER_TAG, check_machine_tag
from ..base.typos import one_edit_apart
from ..checks.docker_machine_rules import is_off
from ..settings.driver import FIELDS, KINDS, DriverOptions
from ..settings.option_texts import check_option, merge_options
from .findings import Findings
from .places import below
from .tables import Tables, in_camel_case

_OWN_TAGS = (MANAGER_TAG, DEPLOYMENT_TAG, "Name")
_LEFT_OUT = {
    "amazonec2-iam-instance-profile": "machines get the stack's own instance profile, the only one that the manager "
    "may pass; to keep yours, set identity.workerInstanceProfile and identity.workerRole",
    "amazonec2-ssh-keypath": "it is a file on the old manager; docker-machine makes a key for each machine without it",
    "amazonec2-keypair-name": "it needs amazonec2-ssh-keypath, a file on the old manager; docker-machine makes a key "
    "for each machine without it",
    "amazonec2-use-fleet": "the pool's instance types and zones are tried one after the other, without a fleet",
    "amazonec2-launch-template": "the pool's instance types and zones are tried one after the other, without a fleet",
}
_PLACED = (
    *("amazonec2-ami", "amazonec2-region", "amazonec2-instance-type", "amazonec2-zone", "amazonec2-vpc-id"),
    *("amazonec2-subnet-id", "amazonec2-security-group", "amazonec2-spot-price", "amazonec2-request-spot-instance"),
)
_OTHER_DRIVER = re.compile(
    r"(google|digitalocean|azure|openstack|rackspace|softlayer|exoscale|generic|hetzner|scaleway|virtualbox|hyperv|vmware\w*)-"
)


@dataclass
class Choices:
    """What one entry's MachineOptions say."""

    at: str
    """Their place."""
    placed: dict[str, list[str]] = field(default_factory=dict)
    """What is said of the place, the type and the price, by options; repeated ones have several values."""
    places: dict[str, str] = field(default_factory=dict)
    """Where each option stands, the last time."""
    pool: dict[str, object] = field(default_factory=dict)
    """A pool's settings for them, without `driver`."""
    driver: dict[str, object] = field(default_factory=dict)
    of_group: bool = False
    """Whether a launch template says all that, and config.toml does not."""

    def last(self, option: str) -> str | None:
        """Return what docker-machine takes."""
        return self.placed.get(option, [None])[-1]

    def place(self, option: str) -> str:
        """Return where an option stands, or would stand."""
        return self.places.get(option, self.at)


def read_options(options: object, at: str, tables: Tables, findings: Findings) -> Choices:
    """Take options apart; `at` is their place."""
    found = Choices(at)
    kept: list[str] = []
    extra: list[str] = []
    for place, option in _as_texts(options, at, findings):
        name, _, value = option.partition("=")
        known = name in KINDS or name in DriverOptions.refused()
        if known and not value and "=" in option and name != "amazonec2-spot-price":
            continue  # docker-machine takes an empty value for one that is left out
        if name in found.places and name in KINDS and KINDS[name] != "list" and name not in _PLACED:
            findings.note(place, f"sets {name} again; the last one counts, as it does for docker-machine")
        found.places[name] = place
        if name in _PLACED:
            found.placed.setdefault(name, []).append(value)
        elif text := _one(name, option, place, tables, findings):
            (kept if name in KINDS else extra).append(text)
    merged = {key: list(value) if isinstance(value, tuple) else value for key, value in merge_options(kept).items()}
    found.driver = {**merged, **({"extra": extra} if extra else {})}
    _note_groups(found, findings)
    return found


def _as_texts(options: object, at: str, findings: Findings) -> list[tuple[str, str]]:
    if isinstance(options, dict):
        findings.note(at, "is a table, which gitlab-runner refuses; each key becomes an option")
        listed = [(below(at, key), f"{key}={each}") for key, value in options.items() for each in _values(value)]
        return [(place, option) for place, option in listed]
    if not isinstance(options, list):
        findings.refuse(at, None, 'must be a list of texts, such as ["amazonec2-region=eu-west-1"]')
        return []
    for index, option in enumerate(options):
        if not isinstance(option, str):
            findings.refuse(f"{at}[{index}]", None, "must be a text, such as amazonec2-monitoring=true")
    return [(f"{at}[{index}]", option) for index, option in enumerate(options) if isinstance(option, str)]


def _values(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in values]


def _one(name: str, option: str, place: str, tables: Tables, findings: Findings) -> str | None:
    """Return an option as it goes under `driver`; None for one that does not."""
    value = option.partition("=")[2]
    if name in marked(DriverOptions, Mark.SECRET):
        wish = in_camel_case(name.replace("amazonec2-", "aws-", 1))
        return f"{name}={findings.secret(wish, value, place)}"
    if name == "amazonec2-userdata":
        findings.left_out(place, f"{_file(value)} is a file on the old manager; put its text into the pool's userData")
    elif name in _LEFT_OUT:
        if not is_off(value):
            findings.left_out(place, f"sets {name}: {_LEFT_OUT[name]}")
    elif name == "amazonec2-tags":
        return _tags(value, place, findings)
    elif name in DriverOptions.refused():
        findings.left_out(place, f"{name} {DriverOptions.refused()[name]}")
    elif name.startswith("swarm"):
        findings.left_out(place, f"{name} belongs to Docker's former swarms")
    elif name not in KINDS:
        return _unknown(name, option, place, tables, findings)
    else:
        return _checked(name, option, place, tables, findings)
    return None


def _file(value: str) -> str:
    return value if re.fullmatch(r"[\w./-]{1,80}", value) else "it"


def _checked(name: str, option: str, place: str, tables: Tables, findings: Findings) -> str | None:
    value = option.partition("=")[2]
    if name == "engine-install-url":
        return _install_url(value, place, findings)
    if name in ("engine-env", "engine-label"):
        option = f"{name}={tables.variable(value, place)}"
    else:
        option = f"{name}={tables.without_secrets(value, name, place)}" if value else option
    try:
        merge_options([option])
    except ValueError as error:
        findings.refuse(place, None, f"sets {name}, which {error}")
        return None
    if reason := check_option(option):
        findings.left_out(place, reason)
        return None
    return option


def _install_url(value: str, place: str, findings: Findings) -> str | None:
    # It becomes part of a shell's command line, `curl -sSL URL | sh -`, so that quotes and pipes have an effect.
    url = value.strip().strip("'\"").strip()
    if check_option(f"engine-install-url={url}"):
        findings.left_out(
            place,
            "engine-install-url is more than an address, or none; set driver.engine-install-url to a script's address, "
            "such as https://releases.rancher.com/install-docker/28.2.1.sh",
        )
        return None
    if url != value:
        findings.note(place, "the quotes around the address in engine-install-url are left out")
    return f"engine-install-url={url}"


def _unknown(name: str, option: str, place: str, tables: Tables, findings: Findings) -> str | None:
    near = next((known for known in FIELDS if one_edit_apart(name, known)), None)
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name) or "=" not in option:
        findings.refuse(place, None, check_option(option) or "is not an option of docker-machine")
    elif _OTHER_DRIVER.match(name):
        findings.left_out(place, f"{name} belongs to another driver than amazonec2")
    elif near is not None:
        findings.left_out(place, f"docker-machine knows no {name}; if {near} is meant, set that")
    else:
        value = option.partition("=")[2]
        findings.note(
            place,
            f"sets {name}, which becomes an entry of driver.extra: docker-machine 0.16.2-gitlab.30 does not know it",
        )
        return f"{name}={tables.hidden(value, name, place, always=names_a_secret(name))}"
    return None


def _tags(value: str, place: str, findings: Findings) -> str | None:
    parts = value.split(",")
    pairs, rest = list(zip(parts[::2], parts[1::2], strict=False)), parts[len(parts) // 2 * 2 :]
    if any(rest):
        findings.note(
            place, "the last element of amazonec2-tags is left out: it has no value, and docker-machine drops it"
        )
    kept: dict[str, str] = {}
    own: list[str] = []
    for number, (key, text) in enumerate(pairs):
        if not key:
            message = (
                "holds a tag without a key in amazonec2-tags, which AWS refuses; write it as key1,value1,key2,value2"
            )
            findings.refuse(place, None, message)
            return None
        if key in _OWN_TAGS:
            own.append(key)
        elif reason := check_machine_tag(key, text):
            findings.left_out(place, f"tag number {number + 1} of amazonec2-tags {reason}")
        else:
            kept[key] = text
    if own:
        them = "it" if len(own) == 1 else "them"
        findings.note(place, f"of amazonec2-tags {', '.join(own)} left out: this program sets {them} itself")
    joined = ",".join(f"{key},{text}" for key, text in kept.items())
    return f"amazonec2-tags={findings.without_secrets(joined, 'tags', place)}" if kept else None


def _note_groups(found: Choices, findings: Findings) -> None:
    groups = [group for group in found.placed.pop("amazonec2-security-group", []) if group]
    if groups:
        names = ", ".join(group for group in groups if len(group) < 256 and not holds_secret(group))
        findings.left_out(
            found.place("amazonec2-security-group"),
            "machines get a security group of the stack, which the manager alone may reach; to keep "
            f"{names or 'yours'}, let the new manager in on 22 and 2376, and set network.workerSecurityGroup",
        )
