# ruff: noqa: E501 - the script inside is JavaScript
"""Weight of every page and the time to its first paint, cold cache, in headless Chromium.

    python benchmarks/screens/pages.py http://127.0.0.1:8000 admin demo-xiaonao

Against a running ``xiaonao up --demo``. Kilobytes are what came over the wire, uncompressed as the
server sends it; paint is the browser's own first-contentful-paint, the median of three.
"""

from __future__ import annotations

import json
import statistics
import sys

from playwright.sync_api import Browser, sync_playwright

from server.web.pages import navigation

FLAGS = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage"]
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
WEIGHT = """[performance.getEntriesByType('navigation')[0], ...performance.getEntriesByType('resource')]
  .filter((e) => !e.name.includes('/stream')).reduce((sum, e) => sum + e.transferSize, 0)"""


def main() -> None:
    url, name, password = sys.argv[1:4]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        state = sign_in(browser, url, name, password)
        addresses = ["/", *(entry.address for entry in navigation.ENTRIES)]
        for address in addresses:
            runs = [look(browser, url + address, state) for _ in range(3)]
            paint = statistics.median(run[0] for run in runs)
            told = {"page": address, "kB": round(runs[0][1] / 1000), "first_paint_ms": round(paint)}
            print(json.dumps(told))
        browser.close()


def sign_in(browser: Browser, url: str, name: str, password: str) -> object:
    page = browser.new_page()
    page.goto(f"{url}/login")
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", password)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda address: "/login" not in address)
    return page.context.storage_state()


def look(browser: Browser, address: str, state: object) -> tuple[float, float]:
    context = browser.new_context(
        storage_state=state,  # type: ignore[arg-type]
        viewport={"width": 1366, "height": 768},
    )
    page = context.new_page()
    page.goto(address, wait_until="load")
    page.wait_for_selector("body")
    found = page.evaluate(PAINT) or 0.0, page.evaluate(WEIGHT)
    context.close()
    return found


if __name__ == "__main__":
    main()
