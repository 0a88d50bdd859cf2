"""What holds for every code block of the pages, and for what is read out of them."""

import pytest

from .blocks import LANGUAGES, Block, blocks, blocks_of

PAGE = """\
- a list

  ```sh
  make up
  ```

<!-- not run: needs an account -->
```sh
aws sts get-caller-identity
```

Text.

<!-- on the manager -->
```sh
systemctl status gitlab-runner
```

    indented
"""


def test_blocks_are_found_wherever_they_stand_with_what_is_said_of_them() -> None:
    assert list(blocks_of(PAGE, "page.md")) == [
        Block("page.md", 4, "sh", "make up\n"),
        Block("page.md", 9, "sh", "aws sts get-caller-identity\n", not_run="needs an account"),
        Block("page.md", 16, "sh", "systemctl status gitlab-runner\n", on_manager=True),
        Block("page.md", 19, "", "indented\n"),
    ]


def test_every_block_says_what_it_is() -> None:
    code = [block for block in blocks() if not block.language.startswith("{")]  # else a directive of MyST's
    unknown = [f"{block}: {block.language or 'no language'}" for block in code if block.language not in LANGUAGES]

    assert unknown == [], f"write one of {', '.join(LANGUAGES)} after the three backticks"


def test_what_is_not_run_says_why_and_is_little(capsys: pytest.CaptureFixture[str]) -> None:
    left_out = [block for block in blocks("sh", "yaml", "python") if block.not_run is not None]
    run = [block for block in blocks("sh", "yaml", "python") if block.not_run is None]
    with capsys.disabled():
        print(f"\n{len(run)} blocks are run or checked, {len(left_out)} are not:")
        print("\n".join(f"  {block}: {block.not_run}" for block in left_out))

    assert all(block.not_run for block in left_out)
    assert len(left_out) <= len(run) / 5
