"""What the agent is measured against: listeners on paho as people write them.

``python benchmarks/edge_peers.py naive|naive_wal|alone|group PORT FILE COUNT`` drains COUNT
messages and prints messages a second; COUNT 0 only subscribes, so that the broker keeps what comes.
"""

from __future__ import annotations

import json
import select
import sqlite3
import sys
import time

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

GROUP = 500


class Peer:
    def __init__(self, name: str, port: int, path: str, count: int) -> None:
        self.name, self.count = name, count
        self.seen, self.begun, self.rate = 0, 0.0, 0.0
        self.subscribed = False
        self.db = sqlite3.connect(path, isolation_level=None)
        if name != "naive":
            self.db.execute("PRAGMA journal_mode = WAL")
            self.db.execute("PRAGMA synchronous = FULL")
        self.db.execute("CREATE TABLE IF NOT EXISTS got (topic TEXT, body TEXT)")
        self.held: list[paho.MQTTMessage] = []
        five = MQTTProtocolVersion.MQTTv5
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id="peer", protocol=five, manual_ack=name == "group"
        )
        self.client.on_connect = lambda c, *_: c.subscribe("xn/#", 1)
        self.client.on_subscribe = self.on_subscribe
        self.client.on_message = self.on_message
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 3600
        properties.ReceiveMaximum = 1000
        self.client.connect("127.0.0.1", port, 60, clean_start=False, properties=properties)

    def on_subscribe(self, *_: object) -> None:
        self.subscribed = True

    def on_message(self, _c: object, _u: object, message: paho.MQTTMessage) -> None:
        self.begun = self.begun or time.perf_counter()
        self.seen += 1
        if self.name.startswith("naive"):
            json.loads(message.payload)
            self.db.execute("INSERT INTO got VALUES (?, ?)", (message.topic, message.payload))
        elif self.name == "group":
            self.held.append(message)

    def settle(self) -> None:
        self.db.execute("BEGIN")
        rows = [(message.topic, message.payload) for message in self.held]
        self.db.executemany("INSERT INTO got VALUES (?, ?)", rows)
        self.db.execute("COMMIT")
        for message in self.held:
            self.client.ack(message.mid, message.qos)
        self.held.clear()

    def run(self) -> None:
        """paho's own loop; for ``group`` a poll loop that commits when idle or 500 are in hand."""
        while not self.subscribed or self.seen < self.count or self.held:
            if self.name != "group":
                self.client.loop(1.0)
                continue
            select.select([self.client.socket()], [], [], 1.0)
            before = -1
            while len(self.held) < GROUP and before != len(self.held):
                before = len(self.held)
                self.client.loop_read()
            if self.held:
                self.settle()
            self.client.loop_misc()


if __name__ == "__main__":
    peer = Peer(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
    peer.run()
    if peer.count:
        print(peer.seen / (time.perf_counter() - peer.begun))
    peer.client.disconnect()
    peer.client.loop(0.2)
