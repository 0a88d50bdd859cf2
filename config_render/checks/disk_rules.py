"""Rules that join the settings of a pool's root disk."""

from collections.abc import Iterator

from ..base.disks import MOST_THROUGHPUT, OPERATIONS, OPERATIONS_FOR_EACH_MIB
from ..base.problems import Problem, problem
from ..settings.driver import DriverOptions
from .raw import RawPool, RawStack, text

_TYPE, _SIZE = "amazonec2-volume-type", "amazonec2-root-size"
_OPERATIONS, _THROUGHPUT = "amazonec2-volume-iops", "amazonec2-volume-throughput"
_DEFAULT_TYPE: str = DriverOptions.model_fields["volume_type"].default
_DEFAULT_SIZE: int = DriverOptions.model_fields["root_size"].default


def operations_fit_the_disk(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    """Yield what is wrong with the operations a second."""
    kind, size, given = _type(pool), _number(pool, _SIZE, _DEFAULT_SIZE), pool.options.get(_OPERATIONS)
    if kind not in OPERATIONS:
        if given is not None:
            message = f"is for gp3, io1 and io2, not for {kind}; leave it out"
            yield problem(pool.option_at(_OPERATIONS), message, given)
        return
    least, most = OPERATIONS[kind].least, OPERATIONS[kind].most_of(size)
    if given is None and kind != "gp3":
        message = f"needs amazonec2-volume-iops, from {least} to {most} for {size} GiB; set it, or use gp3"
        yield problem(pool.option_at(_TYPE), message, kind)
    elif not least <= _number(pool, _OPERATIONS, least) <= most:
        message = f"must be from {least} to {most} operations a second for {size} GiB of {kind}"
        yield problem(pool.option_at(_OPERATIONS), message, given)


def throughput_fits_the_disk(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    """Yield what is wrong with the MiB a second."""
    kind, given, at = _type(pool), pool.options.get(_THROUGHPUT), pool.option_at(_THROUGHPUT)
    if given is None:
        return
    if kind != "gp3":
        yield problem(at, f"is for gp3 alone, not for {kind}; leave it out", given)
        return
    operations = _number(pool, _OPERATIONS, OPERATIONS[kind].least)
    most = min(MOST_THROUGHPUT, operations // OPERATIONS_FOR_EACH_MIB)
    if _number(pool, _THROUGHPUT, 0) > most:
        message = f"must be at most {most} with {operations} operations a second; lower it, or raise {_OPERATIONS}"
        yield problem(at, message, given)


def _type(pool: RawPool) -> str:
    return text(pool.options.get(_TYPE)) or _DEFAULT_TYPE


def _number(pool: RawPool, option: str, default: int) -> int:
    """An option's number, which is a text where it is in MachineOptions."""
    value = pool.options.get(option)
    return int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()) else default
