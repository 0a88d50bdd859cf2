"""What tests/conftest.py says of the other tests is so."""

from tests.conftest import LONG, SLOW, TESTS


def test_the_files_that_begin_first_and_the_slow_folders_exist() -> None:
    assert [name for name in (*LONG, *SLOW) if not (TESTS / name).exists()] == []
