"""A Node-RED flow beside the agent: ``python benchmarks/edge_nodered.py FOLDER [--rounds 3]``.

FOLDER is where ``npm install node-red node-red-node-sqlite`` was run; nothing of it is in this
project. The flow everybody draws first: MQTT in (QoS 1, a session that is kept), JSON, one INSERT a
message into SQLite. Each round also runs the naive script and the agent, so that ratios are of the
same minutes. Messages a second; medians in one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from edge_rate import CASES, Round, messages

from edge.flood import flood

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "edge"))

from conftest import until

STUCK_S = 300
WARM = "xn/v1/warm/status"


def flow(port: int, path: Path) -> list[dict[str, object]]:
    insert = (
        "msg.topic = 'INSERT INTO got VALUES ($t, $b)';"
        "msg.params = {$t: msg.said, $b: JSON.stringify(msg.payload)}; return msg;"
    )
    broker = {"id": "b", "type": "mqtt-broker", "broker": "127.0.0.1", "port": str(port)}
    broker |= {"clientid": "nr", "cleansession": False, "protocolVersion": "4", "keepalive": "60"}
    said = "msg.said = msg.topic; return msg;"
    drawn: list[dict[str, object]] = [
        {"id": "in", "type": "mqtt in", "topic": "xn/#", "qos": "1"}
        | {"datatype": "auto-detect", "broker": "b", "wires": [["keep"]]},
        {"id": "keep", "type": "function", "func": said, "wires": [["json"]]},
        {"id": "json", "type": "json", "action": "obj", "wires": [["sql"]]},
        {"id": "sql", "type": "function", "func": insert, "wires": [["out"]]},
        {"id": "out", "type": "sqlite", "mydb": "db", "sqlquery": "prepared"}
        | {"sql": "INSERT INTO got VALUES ($t, $b)", "wires": [[]]},
    ]
    return [
        {"id": "tab", "type": "tab", "label": "flow"},
        broker,
        {"id": "db", "type": "sqlitedb", "db": str(path), "mode": "RWC"},
        # Without a place on the canvas Node-RED takes a node for a configuration.
        *({"z": "tab", "x": 100 * n, "y": 100} | node for n, node in enumerate(drawn, 1)),
    ]


def rows(path: Path) -> int:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30) as db:
        query = "SELECT count(*) FROM got WHERE topic <> ?"
        return int(db.execute(query, (WARM,)).fetchone()[0])


def flows(path: Path, port: int) -> bool:
    """Whether something arrives; connected is not yet subscribed."""
    flood("127.0.0.1", port, [[(WARM, b"{}")]])
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30) as db:
        return bool(db.execute("SELECT count(*) FROM got").fetchone()[0])


def node_red(one: Round, installed: Path) -> float:
    """From the first row to the last."""
    home, path = one.folder / "nr", one.folder / "nr.db"
    home.mkdir()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE got (topic TEXT, body TEXT)")
    (home / "flows.json").write_text(json.dumps(flow(one.broker.port, path)))
    (home / "settings.js").write_text(
        "module.exports = {httpAdminRoot: false, httpNodeRoot: false, flowFile: 'flows.json', "
        f"uiPort: 0, nodesDir: {json.dumps(str(installed / 'node_modules'))}}}"
    )
    (home / "node_modules").symlink_to(installed / "node_modules")
    (home / "package.json").write_text((installed / "package.json").read_text())
    red = installed / "node_modules" / "node-red" / "red.js"
    log = (home / "log").open("w+")
    with subprocess.Popen(
        ["node", str(red), "-u", str(home), "-s", str(home / "settings.js")],
        stdout=log,
        stderr=subprocess.STDOUT,
        env=os.environ | {"HOME": str(home)},
    ) as running:
        try:
            until(
                lambda: "Connected to broker" in (home / "log").read_text(),
                what="Node-RED is connected",
                bound_s=STUCK_S,
            )
            until(lambda: flows(path, one.broker.port), what="the flow flows", bound_s=STUCK_S)
            told = messages(one.count, "b")
            flood("127.0.0.1", one.broker.port, [told[n::8] for n in range(8)])
            first, begun = rows(path), time.perf_counter()
            until(lambda: rows(path) >= one.count, what="all", bound_s=STUCK_S)
            return (one.count - first) / (time.perf_counter() - begun)
        finally:
            running.kill()
            log.close()


def measure(installed: Path, rounds: int, count: int) -> dict[str, object]:
    found: dict[str, list[float]] = {"node_red": [], "naive": [], "agent": []}
    for _ in range(rounds):
        for name, rates in found.items():
            with tempfile.TemporaryDirectory() as folder:
                one = Round(Path(folder), count * 5 if name == "agent" else count)
                try:
                    case = CASES.get(name)
                    rates.append(case(one) if case else node_red(one, installed))
                finally:
                    one.close()
    middle = {name: round(statistics.median(rates)) for name, rates in found.items()}
    return {"per_s": middle, "load_after": round(os.getloadavg()[0], 1)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=4000)
    given = parser.parse_args()
    print(json.dumps(measure(given.folder.resolve(), given.rounds, given.count)))
