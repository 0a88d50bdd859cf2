"""`python -m tests.review.show`: the notes of a first preview, a changed limit and a replacement of the manager."""

from review.bill import bill_of
from review.note import Origin, note
from review.policy import POLICIES, verdicts

from .recorded import MARKET, changes

ORIGIN = Origin("4d5fe3c0a8b1", "https://gitlab.example.com/platform/runners/-/jobs/4711")


def main() -> None:
    for what, case in (
        ("A first preview", "first"),
        ("A changed limit", "limit"),
        ("A replacement of the manager", "manager"),
    ):
        changed = changes(case)
        bill = bill_of(changed, MARKET)
        judged = verdicts(changed, bill, enforced=POLICIES, labels=[])
        print(f"# {what}\n\n{note(changed, bill, judged, ORIGIN)}")


if __name__ == "__main__":
    main()
