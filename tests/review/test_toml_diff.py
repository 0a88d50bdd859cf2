"""The difference of two config.toml is exact, whatever comes, goes and moves, and quick for many runners."""

import time

from hypothesis import given
from hypothesis import strategies as st

from review.toml_diff import toml_diff


def file(runners: list[tuple[str, list[int]]]) -> str:
    head = "concurrent = 10\n\n"
    return head + "\n".join(
        f'[[runners]]\nname = "{name}"\nlimit = {len(values)}\n\n[runners.machine]\n'
        + "".join(f"A{key} = {value}\n" for key, value in enumerate(values))
        for name, values in runners
    )


RUNNERS = st.lists(
    st.tuples(st.sampled_from(["web", "api", "ml", "docs"]), st.lists(st.integers(0, 3), max_size=9)), max_size=5
)


@given(RUNNERS, RUNNERS)
def test_what_is_shown_is_all_that_differs(old: list[tuple[str, list[int]]], new: list[tuple[str, list[int]]]) -> None:
    before, after = file(old), file(new)
    left, position = before.splitlines(), 0
    made: list[str] = []
    for line in toml_diff(before, after).splitlines():
        if line.startswith("@@"):
            # All new lines before the group are old ones too.
            start = int(line.split()[2].rstrip(",")) - 1
            while len(made) < start:
                made.append(left[position])
                position += 1
        elif line.startswith("+ "):
            made.append(line[2:])
        else:
            assert left[position] == line[2:]
            position += 1
            made += [] if line.startswith("- ") else [line[2:]]
    made += left[position:]

    assert made == after.splitlines()
    assert (toml_diff(before, after) == "") == (before == after)


def test_a_runner_that_comes_between_others_is_shown_alone() -> None:
    before, after = file([("a", [1]), ("c", [1])]), file([("a", [1]), ("b", [1]), ("c", [1])])
    changed = [line for line in toml_diff(before, after).splitlines() if line.startswith(("+", "-"))]

    assert changed[:2] == ["+ [[runners]]", '+ name = "b"']
    assert len(changed) == 7
    assert not any(line.startswith("-") for line in changed)


def test_a_thousand_runners_take_no_time() -> None:
    runners = [(f"pool-{number}", [1] * 40) for number in range(1_000)]
    before = file(runners)
    started = time.process_time()
    diff = toml_diff(before, before.replace("A7 = 1", "A7 = 2"))

    assert diff.count("+ A7 = 2") == 1_000
    assert time.process_time() - started < 3
