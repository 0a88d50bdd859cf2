"""Reading a file that somebody names: whatever it is, in little time and memory."""

import os
import stat
from pathlib import Path

from .problems import printable

MOST_BYTES = 4 << 20


class UnreadableFileError(Exception):
    """The file holds nothing that settings could be read from; the text says where and why, on one line."""

    def __init__(self, text: str) -> None:
        super().__init__(printable(text))


def read_bytes(path: Path, most: int = MOST_BYTES) -> bytes:
    """Return what a file of at most so many bytes holds. Raises UnreadableFileError."""
    try:
        # Without waiting: a FIFO may never have a writer.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UnreadableFileError(f"{path}: is not a regular file; write the settings into one first")
            raw = file.read(most + 1)
    except OSError as error:
        raise UnreadableFileError(f"{path}: can't be read ({error.strerror})") from None
    except ValueError:
        raise UnreadableFileError(f"{str(path)!r}: is not a valid file name") from None
    if len(raw) > most:
        raise UnreadableFileError(f"{path}: is larger than {most >> 10} KiB; leave out what is not a setting")
    return raw


def read_text(path: Path) -> str:
    """Return the text of a file. Raises UnreadableFileError."""
    try:
        return read_bytes(path).decode()
    except UnicodeDecodeError:
        raise UnreadableFileError(f"{path}: is not UTF-8 text") from None
