# ruff: noqa: E501 - the script inside is JavaScript
"""Frames a second of the wall's map with many units and cases, in headless Chromium.

    python benchmarks/screens/frames.py --units 300 --cases 200

The page is the real wall of an empty office; units and cases are made up here and given to the
map every second, as the stream does. Frames are counted by requestAnimationFrame for ten seconds.
Headless Chromium draws on the processor: a machine with a graphics card is faster.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright

from server.app import open_office
from server.config import Settings
from server.domain.roles import Role
from server.services import accounts
from server.web.auth import COOKIE
from server.web.flask_app import create_web
from server.web.server import WebServer

FLAGS = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage"]
PLAY = """async ({units, cases, seconds}) => {
  const { DistrictMap } = await import("/static/js/map/map.js");
  const host = document.querySelector("[data-map]");
  host.replaceChildren();
  const map = new DistrictMap(host);
  const district = await (await fetch("/district.json")).json();
  map.setDistrict(district);
  const [south, west, north, east] = district.bounds;
  const at = (n, m) => ({ lat: south + (north - south) * (0.1 + 0.8 * ((n * 0.618) % 1)),
                          lon: west + (east - west) * (0.1 + 0.8 * ((n * 0.382 + m) % 1)) });
  const now = Date.now();
  const iso = (ms) => new Date(ms).toISOString();
  map.setCases([...Array(cases).keys()].map((n) => ({ id: `c${n}`, ...at(n, 0.3), status: ["open", "assigned", "en_route", "on_scene"][n % 4],
    route: ["police", "mediate", "review", "service"][n % 4], name: `演示小区${n}·噪音纠纷`, grave: n % 10 === 0, unit_id: n % 2 ? `u${n}` : null,
    start_at: iso(now - 60000), due_at: iso(now + 1000 * (n - 20)) })));
  let tick = 0;
  const move = () => { tick += 1; map.setUnits([...Array(units).keys()].map((n) => ({ id: `u${n}`, name: `演示${n}组`, duty: true,
    status: n % 3 ? "free" : "en_route", presence: "online", position: { ...at(n, tick * 0.0005), age_s: n % 90, doubt: n % 17 ? [] : ["jump"],
    accuracy_m: 8, heading_deg: (n * 7 + tick * 5) % 360 } })), Date.now()); };
  move();
  const timer = setInterval(move, 1000);
  await new Promise((done) => setTimeout(done, 1500));
  const frames = [];
  const end = performance.now() + seconds * 1000;
  await new Promise((done) => { const beat = (t) => { frames.push(t); t < end ? requestAnimationFrame(beat) : done(); }; requestAnimationFrame(beat); });
  clearInterval(timer);
  const gaps = frames.slice(1).map((t, n) => t - frames[n]).sort((a, b) => a - b);
  return { fps: Math.round((frames.length - 1) / ((frames.at(-1) - frames[0]) / 1000) * 10) / 10,
           p50_ms: Math.round(gaps[gaps.length >> 1] * 10) / 10, p95_ms: Math.round(gaps[Math.floor(gaps.length * 0.95)] * 10) / 10,
           worst_ms: Math.round(gaps.at(-1)) };
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=300)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--screen", default="1920x1080")
    asked = parser.parse_args()
    width, height = map(int, asked.screen.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        office = open_office(Path(folder), Settings())
        user = accounts.create_user(office, "bench", "made-up-password", Role.SUPERVISOR)
        secret = accounts.open_session(office, user)
        server = WebServer(create_web(office), office, host="127.0.0.1", port=0)
        thread = threading.Thread(target=server.serve)
        thread.start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            page = browser.new_context(viewport={"width": width, "height": height}).new_page()
            page.context.add_cookies([{"name": COOKIE, "value": secret, "url": server.url}])
            page.goto(server.url)
            asked_for = {"units": asked.units, "cases": asked.cases, "seconds": asked.seconds}
            print(json.dumps(asked_for | {"screen": asked.screen} | page.evaluate(PLAY, asked_for)))
            browser.close()
        server.stop()
        thread.join(10)


if __name__ == "__main__":
    main()
