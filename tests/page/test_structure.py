"""How the page is made: complete in itself, escaped, without secrets, and as a screen reader wants it."""

import re
import time
from dataclasses import replace
from itertools import pairwise

import pytest

from config_render import Settings
from review.changes import ConfigToml, Diagnostic
from review.events import SECRET
from review.page.drawing import page

from ..render.settings_samples import parsed, stack
from .document import Element, read
from .samples import changed, large, nothing_known, small, subject

HOSTILE = """"'><script>alert(1)</script><img src=x onerror=alert(2)>&lt;"""


def everything() -> Element:
    settings = small()
    return read(page(subject(settings, changes=changed(settings))))


def test_it_refers_to_nothing_outside() -> None:
    text = page(subject(large(), changes=changed(large())))
    document = read(text)

    references = [
        value
        for element in document.everything()
        for name, value in element.attributes.items()
        if name in ("href", "src", "srcset", "data", "action", "style", "xlink:href") or name.startswith("on")
    ]
    assert references
    assert {value[0] for value in references} == {"#"}
    assert not re.search(r"@import|url\((?!#)|javascript:", text)
    assert document.all("script", "iframe", "object", "embed", "img", "link", "form") == []
    (policy,) = [m for m in document.all("meta") if m.attributes.get("http-equiv") == "Content-Security-Policy"]
    assert policy.attributes["content"].startswith("default-src 'none'; style-src 'sha256-")


def test_headings_are_in_order_and_sections_are_named_by_theirs() -> None:
    document = everything()
    levels = [int(each.tag[1]) for each in document.all("h1", "h2", "h3", "h4")]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert [each.tag for each in document.all("header", "nav", "main", "footer")] == ["header", "nav", "main", "footer"]
    for section in document.all("section"):
        assert document.by_id(section.attributes["aria-labelledby"]).tag == "h2"
    for link in document.all("a"):
        document.by_id(link.attributes["href"].removeprefix("#"))


def test_ids_are_there_once() -> None:
    identities = [
        each.attributes["id"] for each in read(page(subject(large()))).everything() if "id" in each.attributes
    ]
    assert len(identities) == len(set(identities))


def test_each_picture_says_what_it_shows() -> None:
    document = everything()
    pictures = document.all("svg")

    assert len(pictures) == 5
    for picture in pictures:
        assert picture.attributes["role"] == "img"
        title, text = (document.by_id(each) for each in picture.attributes["aria-labelledby"].split())
        assert (title.tag, text.tag) == ("title", "desc")
        assert title.text
        assert text.text


def test_tables_have_headings_for_rows_and_columns() -> None:
    tables = everything().all("table")

    assert len(tables) == 8
    for table in tables:
        assert {cell.attributes.get("scope") for cell in table.all("th")} == {"col", "row"}
        widths = {
            sum(int(cell.attributes.get("colspan", 1)) for cell in row.all("th", "td")) for row in table.all("tr")
        }
        assert len(widths) == 1


def test_nothing_that_is_quoted_becomes_markup() -> None:
    settings = small()
    changes = changed(settings)
    resources = tuple(replace(each, name=HOSTILE, type=HOSTILE) for each in changes.resources)
    hostile = replace(
        changes,
        resources=tuple(
            replace(each, properties=tuple(replace(p, path=HOSTILE, before=HOSTILE) for p in each.properties))
            for each in resources
        ),
        configs=(ConfigToml(HOSTILE, "", HOSTILE),),
        diagnostics=(Diagnostic("error", HOSTILE),),
    )
    document = read(page(subject(settings, stack=HOSTILE, changes=hostile)))

    assert document.all("script", "img") == []
    assert document.all("h1")[0].text == f"Stack {HOSTILE}"
    assert (
        sum(HOSTILE in each for element in document.everything() for each in element.content if isinstance(each, str))
        >= 10
    )
    assert not [name for each in document.everything() for name in each.attributes if name.startswith("on")]


def test_no_secret_gets_in() -> None:
    planted = ["hunter2", "AKIAIOSFODNN7EXAMPLE", "glpat-planted", "b64secret", "mirror-password"]
    settings = parsed(
        stack(
            {
                "environment": [f"PASSWORD={planted[0]}"],
                "docker": {"services": [{"name": "x", "environment": [f"KEY={planted[1]}"]}]},
                "userData": f"#!/bin/sh\necho {planted[2]}",
                "driver": {"engine-env": [f"TOKEN={planted[3]}"]},
                "machine": {"MaxGrowthRate": 1, "MachineOptions": [f"engine-opt=x={planted[4]}"]},
            }
        )
    )
    text = page(subject(settings, changes=changed(settings)))
    assert [secret for secret in planted if secret in text] == []


def test_a_config_that_is_all_secret_is_not_compared() -> None:
    settings = small()
    changes = changed(settings, configs=(ConfigToml("runner", SECRET, "concurrent = 1"),))
    shown = read(page(subject(settings, changes=changes))).all("pre")[-1]
    assert shown.text == "all of it is secret"


def test_twelve_pools_are_small_and_quickly_drawn() -> None:
    shown = subject(large(), changes=changed(large()))
    started = time.process_time()
    text = page(shown)

    assert time.process_time() - started < 1
    assert len(text.encode()) < 300_000


@pytest.mark.parametrize(
    ("settings", "worst"), [(small(spot=None), "unknown"), (small(), "at least $1.400 an hour")], ids=["none", "caps"]
)
def test_without_prices_it_says_what_is_not_known(settings: Settings, worst: str) -> None:
    document = read(page(subject(settings, nothing_known(settings))))

    figures = [each.text for each in document.all("span") if each.attributes.get("class") == "figure"]
    assert figures[1:3] == [worst, "unknown"]
    (section,) = [each for each in document.all("section") if each.attributes["aria-labelledby"] == "unknown"]
    assert "spot prices, prices on demand: there are no AWS credentials" in section.text
