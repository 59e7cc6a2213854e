"""Pictures of every page, to be looked at: empty and full, three sizes, Chinese or English.

    python benchmarks/screens/pictures.py FOLDER                                  # an empty office
    python benchmarks/screens/pictures.py FOLDER --url http://127.0.0.1:8000 \
        --sign-in admin demo-xiaonao --phone tiaojie demo-xiaonao             # a running one
    python benchmarks/screens/pictures.py FOLDER --language en --only console --sizes 1366x768

Names are ``empty-1366x768-console-cases.png``. Each page's faults of the browser's console and its
sideways scrolling are printed as JSON, one line a page.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from server.app import open_office
from server.config import Settings
from server.domain.geo import Place
from server.domain.roles import Actor, Role
from server.services import accounts, roster
from server.web.flask_app import create_web
from server.web.pages import navigation
from server.web.server import WebServer

FLAGS = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage"]
SIZES = ("1920x1080", "1366x768", "390x844")
PASSWORD = "made-up-password"
SETTLE_MS = 1500


def main() -> None:
    args = asked()
    args.folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        if args.url:
            told = (args.url, args.sign_in, args.phone, "full")
        else:
            url = stack.enter_context(empty_office())
            told = (url, ("guanli", PASSWORD), ("tiaojie", PASSWORD), "empty")
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        url, office, phone, state = told
        for size in args.sizes:
            shoot(browser, url, office, office_pages(), state, size, args)
            shoot(browser, url, phone, ["/m", "/m/settings"], state, size, args)
        browser.close()


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--url")
    parser.add_argument("--sign-in", nargs=2, default=("admin", "demo-xiaonao"))
    parser.add_argument("--phone", nargs=2, default=("tiaojie", "demo-xiaonao"))
    parser.add_argument("--language", choices=("zh", "en"), default="zh")
    parser.add_argument("--only", default="", help="part of the address")
    parser.add_argument("--sizes", nargs="+", default=SIZES)
    return parser.parse_args()


def office_pages() -> list[str]:
    return ["/login", "/", *(entry.address for entry in navigation.ENTRIES), "FIRST_CASE"]


@contextlib.contextmanager
def empty_office() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        office = open_office(Path(folder), Settings())
        admin = Actor("setup", Role.ADMIN)
        at = office.district.points[0]
        place = Place(at.at.lat, at.at.lon)
        roster.add_unit(
            office, "shunda-1", name="顺达一组", point=at.name, place=place, actor=admin
        )
        accounts.create_user(office, "guanli", PASSWORD, Role.ADMIN, None)
        accounts.create_user(office, "tiaojie", PASSWORD, Role.MEDIATOR, "shunda-1")
        server = WebServer(create_web(office), office, host="127.0.0.1", port=0)
        thread = threading.Thread(target=server.serve)
        thread.start()
        try:
            yield server.url
        finally:
            server.stop()
            thread.join(10)
            office.engine.dispose()


def shoot(
    browser: Browser,
    url: str,
    account: tuple[str, str],
    addresses: list[str],
    state: str,
    size: str,
    args: argparse.Namespace,
) -> None:
    width, height = (int(part) for part in size.split("x"))
    context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
    context.add_cookies([{"name": "xn_lang", "value": args.language, "url": url}])
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    signed_in = False
    for address in addresses:
        if args.only not in address:
            continue
        if address != "/login" and not signed_in:
            sign_in(page, url, account)
            signed_in = True
        at = first_case(page, url) if address == "FIRST_CASE" else address
        if at:
            told = look(page, url + at)
            name = address.strip("/").replace("/", "-") or "wall"
            page.screenshot(path=args.folder / f"{state}-{size}-{name}.png")
            print(json.dumps({"page": at, "size": size} | told | {"faults": faults[:]}))
        faults.clear()
    context.close()


def sign_in(page: Page, url: str, account: tuple[str, str]) -> None:
    page.goto(f"{url}/login")
    page.fill("input[name=name]", account[0])
    page.fill("input[name=password]", account[1])
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda address: "/login" not in address)


def first_case(page: Page, url: str) -> str | None:
    page.goto(f"{url}/console")
    link = page.locator("[data-live=queue] a[data-case]").first
    return link.get_attribute("href") if link.count() else None


def look(page: Page, address: str) -> dict[str, Any]:
    page.goto(address, wait_until="load")
    page.wait_for_timeout(SETTLE_MS)
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    cut = page.evaluate(
        """[...document.querySelectorAll("button, .badge, th, dt, h1, h2, h3")]
             .filter((e) => e.offsetParent && e.scrollWidth > e.clientWidth + 2
                            && getComputedStyle(e).overflow !== "visible")
             .slice(0, 5).map((e) => e.textContent.trim().slice(0, 40))"""
    )
    return {"too_wide_px": max(0, wide), "cut": cut}


if __name__ == "__main__":
    main()
