"""Whether a key is a slip of the pen for another."""


def one_edit_apart(one: str, other: str) -> bool:
    """Return whether one character more, less or different, or two in each other's place, makes one text the other."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    one, other = one[start:], other[start:]
    swapped = len(one) > 1 and one[1::-1] + one[2:] == other
    return swapped or one[1:] == other[1:] or one[1:] == other or one == other[1:]
