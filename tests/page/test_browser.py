"""The page in a real, headless Chromium: it renders, asks for nothing, and can be used by everybody.

Its pictures are written to `screenshots/` beside this file, to look at; nothing compares them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from config_render import Settings
from review.page.drawing import page

from . import browser as chromium
from .samples import changed, large, small, subject

SCREENSHOTS = Path(__file__).parent / "screenshots"
WIDE, PHONE, NARROW = 1280, 400, 360
_PATIENT_MS = 120_000
Scheme = Literal["light", "dark"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.running() as running:
        yield running


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("pages")
    made: dict[str, Settings] = {"small": small(), "large": large()}
    for name, settings in made.items():
        (folder / f"{name}.html").write_text(page(subject(settings, changes=changed(settings))), encoding="utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in made}


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_renders_and_is_accessible(browser: Browser, files: dict[str, str], scheme: Scheme, width: int) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    shown = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    shown.on("console", lambda message: said.append(message.text))
    shown.on("pageerror", lambda error: said.append(str(error)))
    shown.on("request", lambda request: asked.append(request.url))
    shown.goto(files["small"])
    _photograph(shown, f"small-{scheme}-{width}")
    for each in shown.locator("details").all():
        each.evaluate("element => element.open = true")
    found = Axe().run(shown)
    wide = shown.evaluate("document.documentElement.scrollWidth")
    context.close()

    assert said == []
    assert asked == [files["small"]]
    assert found.violations_count == 0, found.generate_report()
    assert wide <= width, "the page itself scrolls sideways"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_twelve_pools_fit(browser: Browser, files: dict[str, str], scheme: Scheme) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": WIDE, "height": 900})
    shown = context.new_page()
    shown.goto(files["large"])
    _photograph(shown, f"large-{scheme}-{WIDE}")
    # Texts of a picture that stick out of it are cut off.
    out = shown.evaluate(
        """[...document.querySelectorAll("svg")].flatMap(svg => [...svg.querySelectorAll("text")].filter(text => {
             const inner = text.getBoundingClientRect(), outer = svg.getBoundingClientRect();
             return outer.width && (inner.right > outer.right + 1 || inner.left < outer.left - 1);
           }).map(text => text.textContent))"""
    )
    context.close()

    assert out == []


@pytest.mark.parametrize("width", [PHONE, WIDE])
@pytest.mark.parametrize("name", ["small", "large"])
def test_nothing_is_cut_off(browser: Browser, files: dict[str, str], name: str, width: int) -> None:
    shown = _opened(browser, files[name], width)
    _photograph(shown, f"{name}-open-{width}")
    # Pictures alone may be wider: they scroll, and say so where there is little room.
    outside = shown.evaluate(
        """[...document.body.querySelectorAll("*")].filter(each => {
             const box = each.getBoundingClientRect();
             return !each.closest(".sideways, .skip") && box.width && (box.left < -1 || box.right > innerWidth + 1);
           }).map(each => each.outerHTML.slice(0, 100))"""
    )
    scrolling = shown.evaluate(
        """[...document.querySelectorAll("main, main *")].filter(each => each.clientWidth &&
             each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX != "visible"
           ).map(each => [each.className, getComputedStyle(each, "::before").content])"""
    )
    shown.close()

    assert outside == []
    assert {class_ for class_, _ in scrolling} <= {"scroll sideways"}
    if width == PHONE:
        assert len(scrolling) >= 4
        assert all("Scroll sideways" in hint for _, hint in scrolling)


@pytest.mark.parametrize("width", [PHONE, WIDE])
def test_what_differs_and_prices_are_seen_beside_their_names(
    browser: Browser, files: dict[str, str], width: int
) -> None:
    shown = _opened(browser, files["small"], width)
    cells = shown.evaluate(
        """[...document.querySelectorAll("td")].filter(each => each.textContent).map(each => {
             const box = each.getBoundingClientRect(), head = each.closest("table").querySelector("thead");
             const label = getComputedStyle(each, "::before").content.replaceAll('"', "");
             return [each.dataset.name, box.left, box.right, head.checkVisibility() ? head.innerText : label];
           })"""
    )
    shown.close()

    names = {name for name, *_ in cells}
    assert {"What differs", "Worst case an hour", "Worst case a month", "Waiting a month", "Cap", "On demand"} <= names
    for name, left, right, label in cells:
        assert 0 <= left < right <= width
        assert name in " ".join(label.split())


def test_it_can_be_read_at_200_percent_without_scripts(browser: Browser, files: dict[str, str]) -> None:
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": WIDE // 2, "height": 450}, device_scale_factor=2
    )
    shown = context.new_page()
    shown.goto(files["small"])
    _photograph(shown, "small-zoomed")
    boxes = [each.bounding_box() for each in shown.locator("h2, p, dd, summary").all() if each.is_visible()]
    context.close()

    assert len(boxes) > 20
    assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= WIDE // 2 for box in boxes)


def test_all_that_can_be_used_is_reached_by_the_keyboard(browser: Browser, files: dict[str, str]) -> None:
    shown = browser.new_page()
    shown.goto(files["small"])
    reached: list[str] = []
    while True:
        shown.keyboard.press("Tab")
        if shown.evaluate("document.activeElement === document.body") or len(reached) > 100:
            break
        reached.append(shown.evaluate("document.activeElement.outerHTML.slice(0, 60)"))
        outline = shown.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", f"nobody sees that {reached[-1]} has the focus"
    there = shown.locator("a, summary, [tabindex='0']").filter(visible=True).count()
    shown.close()

    assert reached[0].startswith('<a class="skip"')
    assert len(reached) == there


def test_a_folded_part_opens_by_the_keyboard(browser: Browser, files: dict[str, str]) -> None:
    shown = browser.new_page()
    shown.goto(files["small"])
    rows = shown.get_by_role("columnheader", name="Median", include_hidden=True)
    before = rows.is_visible()
    shown.locator("summary", has_text="Each zone and instance type").focus()
    shown.keyboard.press("Enter")
    after = rows.is_visible()
    shown.close()

    assert (before, after) == (False, True)


def test_a_link_leads_to_its_section(browser: Browser, files: dict[str, str]) -> None:
    shown = browser.new_page(viewport={"width": WIDE, "height": 400})
    shown.goto(files["large"])
    shown.locator("nav a", has_text="Pools").click()
    top = shown.evaluate("document.getElementById('pools').getBoundingClientRect().top")
    shown.close()

    assert -1 <= top < 400


def _opened(browser: Browser, url: str, width: int) -> Page:
    """Show a page with all that is folded opened."""
    shown = browser.new_page(viewport={"width": width, "height": 900})
    shown.goto(url)
    shown.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    return shown


def _photograph(shown: Page, name: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    shown.screenshot(timeout=_PATIENT_MS, path=SCREENSHOTS / f"{name}.png", full_page=True)
