"""How much memory a manager needs: a rule of thumb, on the safe side.

gitlab-runner's process grows with its jobs, whose logs and answers it holds; and each machine that is being created or
removed is a docker-machine process of its own, of which the runner starts as many at a time as MaxGrowthRate allows.
A manager without memory left kills those partway, and their machines are orphaned.
"""

_BASE = 400
"""MiB: operating system, gitlab-runner without jobs."""
_EACH_JOB = 8
_EACH_CREATION = 30

_SIZES = {"nano": 512, "micro": 1024, "small": 2048, "medium": 4096, "large": 8192, "xlarge": 16384, "2xlarge": 32768}
"""MiB of memory by size, of the families t2, t3, t3a and t4g."""
_FAMILIES = ("t2", "t3", "t3a", "t4g")


def memory_for(jobs: int, creations: int) -> int:
    """Return the MiB that `jobs` running at a time, and `creations` of machines beside them, want."""
    return _BASE + _EACH_JOB * jobs + _EACH_CREATION * creations


def memory_of_small_type(instance_type: str) -> int | None:
    """Return the MiB of a burstable type; None for other families, of which the smallest has 2 GiB and a fast CPU."""
    family, _, size = instance_type.partition(".")
    return _SIZES.get(size) if family in _FAMILIES else None


def small_type_for(memory: int, instance_type: str) -> str:
    """Return the smallest type of the same burstable family that has `memory` MiB, or the largest there is."""
    family = instance_type.partition(".")[0]
    size = next((size for size, has in _SIZES.items() if has >= memory), "2xlarge")
    return f"{family}.{size}"
