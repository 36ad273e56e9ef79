"""The report page in a real browser: from disk, without network, by mouse and by keyboard, in both schemes.

Screenshots of every width and scheme go to out/screenshots, which CI keeps.
"""

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright
from sample_runs import HOSTILE, green_run, large_run, red_run

from pipeline.host.machine.browser import OTHERWISE, find_browser
from pipeline.reporting.model import Run
from pipeline.reporting.page import show_page

pytestmark = pytest.mark.integration

SCREENSHOTS = Path(__file__).parents[2] / "out" / "screenshots"
CONTRAST = Path(__file__).with_name("contrast.js")
WIDTHS = {"phone": (390, 844), "tablet": (820, 1180), "desktop": (1440, 900)}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PATIENCE = 120.0  # seconds: a machine may be busy
ARGUMENTS = ("--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-quic")
FOCUSED = """() => {
    const at = document.activeElement;
    const shape = getComputedStyle(at.querySelector("rect, circle") || at);
    const marked = getComputedStyle(at).outlineStyle !== "none" || shape.strokeWidth === "2.5px";
    const label = at.labels && at.labels.length ? at.labels[0].textContent : "";
    return [at.tagName, (at.getAttribute("aria-label") || at.textContent.trim() || label).trim(), marked];
}"""
EARLIER = [green_run(started=f"2026-11-{day}T09:00:00+00:00") for day in (18, 19)]
RUNS: dict[str, tuple[Run, list[Run]]] = {
    "green": (green_run(), EARLIER),
    "red": (red_run(), [*EARLIER, red_run(started="2026-11-20T09:00:00+00:00"), green_run()]),
    "large": (large_run(200, log_lines=20), []),
}


@dataclass(kw_only=True)
class Opened:
    """A page from disk, with what it asked the network for and what it complained about."""

    page: Page
    asked: list[str] = field(default_factory=list[str])
    complaints: list[str] = field(default_factory=list[str])

    def shown(self, selector: str) -> int:
        """How many of the elements are visible."""
        return self.page.locator(f"{selector}:visible").count()


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Opens report pages."""

    browser: Browser
    folder: Path

    def open(self, name: str, *, width: str = "desktop", scheme: str = "light", still: bool = True) -> Opened:
        wide, high = WIDTHS[width]
        page = self.browser.new_page(
            viewport={"width": wide, "height": high},
            color_scheme=scheme,  # pyright: ignore[reportArgumentType]
            reduced_motion="reduce" if still else "no-preference",
        )
        page.set_default_timeout(PATIENCE * 1000)
        opened = Opened(page=page)
        file = (self.folder / f"{name}.html").as_uri()

        def asked(request: Request) -> None:
            if request.url.partition("#")[0] != file:
                opened.asked.append(request.url)

        page.on("request", asked)
        page.on("console", lambda message: opened.complaints.append(message.text))
        page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        page.goto(file)
        return opened


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    path = find_browser() or pytest.fail(f"no browser for the report page; next: {OTHERWISE}")
    folder = tmp_path_factory.mktemp("pages")
    for name, (run, earlier) in RUNS.items():
        (folder / f"{name}.html").write_text(show_page(run, earlier), encoding="utf-8")
    # NB: Chromium has no sandbox for root; the pages are our own.
    arguments = [*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments, timeout=PATIENCE * 1000)
        yield Reader(browser=browser, folder=folder)
        browser.close()


@pytest.fixture
def red(reader: Reader) -> Iterator[Opened]:
    opened = reader.open("red")
    yield opened
    opened.page.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", RUNS)
def test_it_is_read_at_every_width_in_both_schemes(reader: Reader, name: str, width: str) -> None:
    """Nothing is fetched, throws or sticks out, and every text stands out from its ground."""
    opened = reader.open(name, width=width)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    whole = name != "large"  # of that one the first screen tells enough, and the rest is 13,000 pixels high
    overhang: dict[str, int] = {}
    faint: dict[str, list[str]] = {}
    for scheme in SCHEMES:
        opened.page.emulate_media(color_scheme=scheme)
        opened.page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{scheme}.png", full_page=whole)
        overhang[scheme] = opened.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        faint[scheme] = [] if width != "desktop" else opened.page.evaluate(CONTRAST.read_text())
    opened.page.close()
    assert opened.asked == []
    assert opened.complaints == []
    assert max(overhang.values()) <= 0
    assert not any(faint.values()), faint


def test_the_measure_of_contrast_finds_a_faint_text(red: Opened) -> None:
    red.page.evaluate("document.querySelector('h1 > span:last-child').style.color = '#bbbbbb'")
    faint = red.page.evaluate(CONTRAST.read_text())
    assert [re.sub(r" [\d.]+$", "", each) for each in faint] == ["3 of 12 units did not pass"]


def test_what_failed_is_seen_first_and_its_line_is_copied(red: Opened) -> None:
    page = red.page
    assert page.locator("h1").inner_text().split("\n") == ["✕ failed", "3 of 12 units did not pass"]
    block = page.locator("#failures .failure", has_text="TTSService")
    line = block.locator(".copied code").inner_text()
    assert line.startswith("dagger call image --name speech_pipeline --base ghcr.io/")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    block.get_by_role("button", name="Copy").click()
    expect(page.locator("#told")).to_have_text(
        "Copied", timeout=PATIENCE * 1000
    )  # the clipboard answers later
    assert page.evaluate("navigator.clipboard.readText()") == line


def test_what_a_service_printed_stays_text(red: Opened) -> None:
    assert HOSTILE in red.page.locator("#failures .log").nth(1).inner_text()
    assert red.page.title() == "✕ mainpc: run failed"
    assert red.page.locator("img").count() == 0
    assert red.page.locator("script").count() == 1


def test_nothing_but_our_own_script_is_obeyed(red: Opened) -> None:
    """The content security policy: even what gets into the page does not run and fetches nothing."""
    red.page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "document.title = 'taken over'";
            const image = document.createElement("img");
            image.src = "http://127.0.0.1:9/x.png";
            document.body.append(script, image);
            document.body.insertAdjacentHTML("beforeend", "<p id='styled' style='color: rgb(1, 2, 3)'>x</p>");
        }"""
    )
    assert red.page.title() == "✕ mainpc: run failed"
    assert red.page.evaluate("getComputedStyle(document.getElementById('styled')).color") != "rgb(1, 2, 3)"
    deadline = time.monotonic() + PATIENCE
    while sum("Content Security Policy" in each for each in red.complaints) < 3:
        assert time.monotonic() < deadline, red.complaints
        red.page.wait_for_timeout(50)  # NB: the browser complains when it likes


def test_units_fold_and_unfold(red: Opened) -> None:
    page = red.page
    assert page.locator("#units .unit[open]").count() == 2  # those that failed
    page.locator("#units .unit > summary", has_text="reasoning_suite").click()
    page.locator("#units .service > summary", has_text="LearningManager").click()
    assert page.get_by_role("region", name="Log of LearningManager").is_visible()
    assert page.get_by_text("HTTP 200 from curl").locator("visible=true").count() == 1
    page.get_by_role("button", name="Unfold all").click()
    assert page.locator("#units details:not([open])").count() == 0
    page.get_by_role("button", name="Fold all", exact=True).click()
    assert page.locator("#units details[open]").count() == 0


def test_a_box_of_the_graph_leads_to_its_evidence(red: Opened) -> None:
    page = red.page
    page.locator(".graph a.service", has_text="EmpathyAgent").first.click()
    service = page.locator("#units .service", has=page.locator("summary", has_text="EmpathyAgent"))
    # NB: a browser tells of another hash a moment after the click.
    page.locator("#units .service[open]", has=page.locator("summary", has_text="EmpathyAgent")).wait_for()
    assert service.locator("summary").evaluate("element => element === document.activeElement")
    top = service.evaluate("element => element.getBoundingClientRect().top")
    assert 40 < top < 900


@pytest.mark.parametrize(
    ("words", "units", "services"),
    [
        ("tts.bin", ["speech_pipeline"], ["TTSService"]),
        ("LEARNING listens", ["reasoning_suite"], ["LearningOpportunityDetector", "LearningManager"]),
        ("no matching distribution", ["family-vision-cu121"], []),
        ("there is no such word", [], []),
    ],
    ids=["in-a-log", "all-words", "build-log", "nothing"],
)
def test_search_finds_names_checks_and_logs(
    red: Opened, words: str, units: list[str], services: list[str]
) -> None:
    page = red.page
    page.keyboard.press("/")
    page.keyboard.type(words)
    page.locator("#found").wait_for()
    assert page.locator(".unit:visible > summary b").all_inner_texts() == units
    assert page.locator(".service:visible > summary b").all_inner_texts() == services
    assert page.locator("#nothing").is_visible() is (not units)
    page.keyboard.press("Escape")
    assert red.shown("#units .unit") == 12
    assert page.locator("#search").input_value() == ""


def test_one_verdict_at_a_time(red: Opened) -> None:
    page = red.page
    page.get_by_role("button", name="cancelled").click()
    assert page.locator(".unit:visible > summary b").all_inner_texts() == ["vision_suite"]
    page.get_by_role("button", name="failed", exact=False).first.click()
    assert page.locator(".service:visible > summary b").all_inner_texts() == ["TTSService"]
    assert page.locator(".choice[aria-pressed=true]").inner_text() == "✕ failed"
    page.get_by_role("button", name="all", exact=True).click()
    assert red.shown("#units .unit") == 12


def test_the_keyboard_reaches_everything(reader: Reader) -> None:
    """Tab goes through all that can be used, in order, each with a name and a visible mark."""
    opened = reader.open("red")
    page = opened.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the summary"
    seen: list[str] = []
    while len(seen) < 400:
        tag, name, marked = page.evaluate(FOCUSED)
        seen.append(tag.upper())
        if tag == "BODY":
            break
        assert name, f"number {len(seen)}, a {tag}, has no name"
        assert marked, f"{name[:60]} is not marked"
        page.keyboard.press("Tab")
    page.close()
    assert seen[-1] == "BODY"
    assert {"A", "BUTTON", "INPUT", "SUMMARY", "PRE"} <= set(seen)


def test_enter_unfolds_what_has_the_focus(red: Opened) -> None:
    summary = red.page.locator("#units .unit > summary", has_text="coordination").first
    summary.focus()
    red.page.keyboard.press("Enter")
    assert red.page.locator("#units .unit[open]").count() == 3


def test_colours_follow_the_system_until_one_chooses(reader: Reader) -> None:
    opened = reader.open("green", scheme="dark")
    page = opened.page
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.emulate_media(color_scheme="light")
    light = page.evaluate(ground)
    assert dark != light
    button = page.locator("#scheme")
    for expected, told in ((light, "light"), (dark, "dark"), (light, "as the system has them")):
        button.click()
        assert page.evaluate(ground) == expected
        assert button.get_attribute("aria-label") == f"Colours: {told}"
    page.close()


def test_motion_stops_where_it_is_unwanted(reader: Reader) -> None:
    durations = "getComputedStyle(document.querySelector('.unit > summary'), '::after').transitionDuration"
    moving, still = reader.open("green", still=False), reader.open("green")
    found = moving.page.evaluate(durations), still.page.evaluate(durations)
    for opened in (moving, still):
        opened.page.close()
    assert found == ("0.15s", "0s")


def test_it_prints_with_the_evidence_unfolded(red: Opened) -> None:
    paper = red.page.pdf(format="A4", print_background=True)
    assert paper.startswith(b"%PDF")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", paper)) <= 20
    assert red.page.locator("#units .unit[open]").count() == 2  # as it was before
    red.page.emulate_media(media="print", color_scheme="dark")
    red.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert red.page.locator("#units .unit:not([open])").count() == 0
    assert red.page.locator("#units .service[open] > summary b").all_inner_texts() == ["TTSService"]
    assert red.shown(".bar") == red.shown(".tools") == 0
    assert red.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_without_scripts_everything_is_there(reader: Reader) -> None:
    context = reader.browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((reader.folder / "red.html").as_uri())
    assert page.locator(".needs-script:visible").count() == 0
    page.locator("#units .unit > summary", has_text="reasoning_suite").click()
    assert page.locator("#units .service:visible", has_text="LearningManager").count() == 1
    context.close()


def test_two_hundred_services_stay_fluid(reader: Reader) -> None:
    opened = reader.open("large")
    page = opened.page
    page.locator("#search").fill("service123")
    page.get_by_text("1 of 44 units, 1 services").wait_for()
    assert page.locator(".service:visible > summary b").all_inner_texts() == ["Service123"]
    page.close()
