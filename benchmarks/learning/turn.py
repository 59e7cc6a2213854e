"""One whole turn of the learning loop by clicking, with the seconds of each step.

    xiaonao up --demo                                     # elsewhere
    python benchmarks/learning/turn.py http://127.0.0.1:8000 [--pictures FOLDER]

A dispatcher corrects a label where the case is; a supervisor gives a second opinion, trains with
meaning and words, promotes what the gate lets through, sees a new report judged by it, and rolls
back. The demo's own reports keep coming, so nothing is filed here. Prints one JSON object; a gate
that refuses is said, and the turn ends there.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage"]
PASSWORD = "demo-xiaonao"
BOUND_S = 1500
PAUSE_MS = 1000


class Turn:
    def __init__(self, browser: Browser, url: str, pictures: Path | None) -> None:
        self.browser, self.url, self.pictures = browser, url, pictures
        self.seconds: dict[str, float] = {}
        self.clicks = 0

    def enter(self, name: str) -> Page:
        page = self.browser.new_page(viewport={"width": 1366, "height": 768})
        page.goto(f"{self.url}/login")
        page.fill("input[name=name]", name)
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_url(lambda address: "/login" not in address)
        return page

    def click(self, page: Page, selector: str) -> None:
        self.clicks += 1
        page.locator(selector).first.click()

    def timed(self, name: str, page: Page, work: Callable[[], Any]) -> Any:
        begun = time.perf_counter()
        found = work()
        self.seconds[name] = round(time.perf_counter() - begun, 1)
        if self.pictures:
            page.screenshot(path=self.pictures / f"{len(self.seconds)}-{name}.png")
        return found


def until(page: Page, address: str, there: Callable[[], Any]) -> Any:
    """Load the page again until ``there`` finds something; bounded."""
    end = time.monotonic() + BOUND_S
    while time.monotonic() < end:
        page.goto(address)
        if found := there():
            return found
        page.wait_for_timeout(PAUSE_MS)
    raise SystemExit(f"{address} did not show what was waited for within {BOUND_S} s")


def correct(turn: Turn, page: Page) -> None:
    page.goto(f"{turn.url}/console")
    turn.click(page, "[data-queue] a, .queue .list a")
    form = page.locator("form:has(button:text-is('更正类别'))").first
    form.evaluate("(f) => { const d = f.closest('details'); if (d) d.open = true }")
    form.locator("select[name=category]").select_option("dispute.noise")
    form.locator("input[name=why]").fill("实为噪音")
    turn.clicks += 2
    form.locator("button").click()
    page.wait_for_load_state()


def second_opinion(turn: Turn, page: Page) -> None:
    page.goto(f"{turn.url}/console/labels")
    form = page.locator("form:has(select[name=category])").first
    form.locator("select[name=category]").select_option("dispute.noise")
    turn.clicks += 2
    form.locator("button").click()
    page.wait_for_load_state()


def train(turn: Turn, page: Page) -> str:
    address = f"{turn.url}/console/models"
    page.goto(address)
    known = names(page)
    turn.click(page, "button:text-is('开始训练')")
    made: set[str] = until(page, address, lambda: names(page) - known)
    return made.pop()


def names(page: Page) -> set[str]:
    """The models that may be promoted."""
    fields = page.locator("tr:has(button:text-is('比对并上线')) input[name=name]").all()
    return {str(field.get_attribute("value")) for field in fields}


def promote(turn: Turn, page: Page, name: str) -> bool:
    row = page.locator(f"tr:has(input[value='{name}'])").first
    row.locator("input[name=why]").fill("新纠正已学")
    turn.clicks += 2
    row.locator("button").click(timeout=BOUND_S * 1000)
    page.wait_for_load_state()
    current = page.locator(f"tr:has-text('{name}'):has-text('现用')")
    return bool(current.count())


def judged_by(turn: Turn, page: Page, name: str) -> None:
    """Until the newest report names this model."""

    def newest() -> bool:
        turn_to = page.locator("table.grid td.act a").first
        page.goto(turn.url + str(turn_to.get_attribute("href")))
        return bool(page.locator(f".judged h4 small:text-is('{name}')").count())

    until(page, f"{turn.url}/console/search", newest)


def roll_back(turn: Turn, page: Page, name: str) -> None:
    page.goto(f"{turn.url}/console/models")
    form = page.locator("form:has(button:text-is('退回上一个模型'))")
    form.locator("input[name=why]").fill("试毕退回")
    turn.clicks += 2
    form.locator("button").click()
    page.wait_for_load_state()
    if not page.locator(f"tr:has-text('{name}'):has-text('现用')").count():
        raise SystemExit("the model before does not serve again")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--pictures", type=Path)
    asked = parser.parse_args()
    if asked.pictures:
        asked.pictures.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        turn = Turn(browser, asked.url, asked.pictures)
        desk, office = turn.enter("zhihui"), turn.enter("dudao")
        office.set_default_timeout(BOUND_S * 1000)
        office.goto(f"{asked.url}/console/models")
        before = str(office.locator("tr:has-text('现用') td").first.inner_text()).split()[0]
        turn.timed("correct", desk, lambda: correct(turn, desk))
        turn.timed("second opinion", office, lambda: second_opinion(turn, office))
        name = turn.timed("train", office, lambda: train(turn, office))
        passed = turn.timed("gate and promote", office, lambda: promote(turn, office, name))
        if passed:
            turn.timed("judged by the new one", office, lambda: judged_by(turn, office, name))
            turn.timed("roll back", office, lambda: roll_back(turn, office, before))
        browser.close()
    out = {"before": before, "made": name, "promoted": passed, "clicks": turn.clicks}
    print(json.dumps(out | {"seconds": turn.seconds}, ensure_ascii=False))


if __name__ == "__main__":
    main()
