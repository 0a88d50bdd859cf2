"""Two readers of gitlab-runner's periods, written apart from each other, agree."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from config_render.base.periods import check_period
from config_render.week.schedule import Schedule
from localcloud.host_programs.gitlab_runner_stand_in import periods as of_the_stand_in


def field(low: int, high: int) -> st.SearchStrategy[str]:
    numbers = st.integers(low, high)
    ranges = st.tuples(numbers, numbers).map(lambda pair: f"{min(pair)}-{max(pair)}")
    steps = st.tuples(ranges | st.just("*"), st.integers(1, min(high, 59))).map(lambda pair: f"{pair[0]}/{pair[1]}")
    entries = st.lists(numbers.map(str) | ranges | steps, min_size=1, max_size=3).map(",".join)
    return st.just("*") | entries


PERIODS = st.tuples(
    st.just("*"), field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6), field(2026, 2027)
).map(" ".join)


@settings(max_examples=100, deadline=None)
@given(PERIODS, st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)))
def test_two_readers_of_periods_agree(period: str, moment: datetime) -> None:
    assert check_period(period) is None
    ours, theirs = Schedule(period), of_the_stand_in.Period(period)
    for hours in range(0, 24 * 40, 7):
        at = (moment + timedelta(hours=hours)).replace(second=0, microsecond=0, tzinfo=UTC)
        holds = ours.holds_on(at.date()) and ours.holds_at(at.hour * 60 + at.minute)
        assert holds is theirs.fires_at(at)
