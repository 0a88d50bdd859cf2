"""An HTML document as a list of its elements, to look at how it is made."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Element:
    """One element with all that stands in it, in its order."""

    tag: str
    attributes: dict[str, str]
    content: list["Element | str"] = field(default_factory=list)

    @property
    def children(self) -> list["Element"]:
        return [each for each in self.content if isinstance(each, Element)]

    @property
    def text(self) -> str:
        return " ".join("".join(each if isinstance(each, str) else f" {each.text} " for each in self.content).split())

    def all(self, *tags: str) -> list["Element"]:
        """The elements of these kinds, itself included, in their order."""
        return [each for each in self.everything() if each.tag in tags]

    def by_id(self, identity: str) -> "Element":
        """The element of this id; fails unless there is exactly one."""
        (found,) = [each for each in self.everything() if each.attributes.get("id") == identity]
        return found

    def everything(self) -> list["Element"]:
        return [self, *(each for child in self.children for each in child.everything())]


_VOID = {"meta", "link", "br", "img", "input", "hr"}


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = self._add(tag, attrs)
        if tag not in _VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._add(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].content.append(data)

    def _add(self, tag: str, attrs: list[tuple[str, str | None]]) -> Element:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].content.append(element)
        return element


def read(text: str) -> Element:
    """Parse a document; fails where an element is not closed as it was opened."""
    parser = _Parser()
    parser.feed(text)
    assert len(parser.open) == 1, f"not closed: {[each.tag for each in parser.open]}"
    return parser.open[0]
