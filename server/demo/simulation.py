"""The made-up devices: ``xiaonao-edge simulate`` as a process that can be steered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping

from server.demo.people import DemoUnit
from server.supervise.part import leashed, python

RATE_PER_S = 0.4
"""Messages a second of each unit."""
SPEEDUP = 4.0
"""Travel is this much faster than life, so that a look of some minutes sees arrivals."""


class Simulation:
    """Runs until ``stop``; steering a dead simulator does nothing, ``alive`` tells."""

    def __init__(self, mqtt_url: str, devices: Iterable[Mapping[str, object]]) -> None:
        devices = list(devices)
        reader, writer = os.pipe()  # passwords never touch the disk or a command line
        command = python(
            "edge.cli:main",
            "simulate",
            *("--mqtt", mqtt_url),
            *("--units", str(len(devices))),
            *("--rate", str(RATE_PER_S)),
            *("--speedup", str(SPEEDUP)),
            *("--credentials", f"/dev/fd/{reader}"),
            *("--steer", "-"),
        )
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            leashed(command),
            stdin=subprocess.PIPE,
            stdout=sys.stderr.fileno(),
            pass_fds=(reader,),
            text=True,
        )
        os.close(reader)
        with os.fdopen(writer, "w", encoding="utf-8") as pipe:
            for device in devices:
                pipe.write(json.dumps(device) + "\n")

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def send(self, unit: DemoUnit, lat: float | None, lon: float | None) -> None:
        """Send a unit's devices to a place, or back to their point with None."""
        pipe = self._process.stdin
        assert pipe is not None
        try:
            for device in (unit.bodycam, unit.radio):
                pipe.write(json.dumps({"device_id": device, "lat": lat, "lon": lon}) + "\n")
            pipe.flush()
        except OSError:
            return  # it has just died; the caller sees that and starts another

    def stop(self) -> None:
        self._process.terminate()
