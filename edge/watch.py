"""Composition root of ``xiaonao-edge watch``: one camera, its notes by MQTT, its pictures by HTTP.

A process of its own, and a polite one: frames are dropped before anything else has to wait.
"""

from __future__ import annotations

import os
import random
import select
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime

import httpx
import structlog

from edge import config
from edge.camera import Camera
from edge.camera_health import Limits, Picture
from edge.detector import MODEL, FaceDetector
from edge.device_link import Clock, DeviceLink
from edge.frames import Kept, Rules, Signer, Watch
from edge.mqtt_config import MqttSettings
from edge.picture_spool import PictureSpool
from edge.shipped import shipped_model
from edge.telemetry import Alarm, Frame, Origin, Presence, PresenceState, Receipt

log = structlog.get_logger("edge.watch")

_NICENESS = 10
_WAIT_S = 0.02
AWAY = "away"
AWAY_S = 10.0
"""Without a frame for so long the camera is away: a fault like a covered lens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command's flags."""

    source: str
    device_id: str
    mqtt: MqttSettings
    fps: float
    duration: float | None
    boot: str
    linger: float


@dataclass(slots=True)
class Speaker:
    """The camera as a device that numbers its messages."""

    device_id: str
    boot: str
    chance: random.Random = field(default_factory=random.Random)
    alarms: int = 0
    _seq: int = 0

    def presence(self, now: datetime, state: PresenceState) -> Presence:
        return Presence(origin=self._origin(now), state=state)

    def frame(self, now: datetime, kept: Kept) -> Frame:
        return Frame(
            origin=self._origin(now),
            taken_at=kept.taken_at,
            sha256=kept.sha256,
            width=kept.width,
            height=kept.height,
            quality=kept.quality,
            faces_masked=True,
            url=f"/console/frames/{kept.sha256}",
        )

    def receipt(self, now: datetime, down_id: str) -> Receipt:
        return Receipt(origin=self._origin(now), down_id=down_id)

    def fault(self, now: datetime, *, active: bool) -> Alarm:
        self.alarms += active
        return Alarm(origin=self._origin(now), alarm="camera_fault", active=active)

    def _origin(self, now: datetime) -> Origin:
        self._seq += 1
        return Origin(device_id=self.device_id, boot=self.boot, seq=self._seq, sent_at=now)


class Watcher:
    """Looks until stopped, until the time is over, or until a file has ended."""

    def __init__(self, options: Options, settings: config.Settings, *, clock: Clock) -> None:
        """Raises ConfigError."""
        self._options = options
        self._clock = clock
        self._stopping = False
        signer = Signer(settings.home)
        self._speaker = Speaker(options.device_id, options.boot)
        self._link = DeviceLink(self._speaker, settings=options.mqtt, clock=clock, interval_s=1)
        self._camera = Camera(options.source, clock=clock, fps=options.fps)
        detector = FaceDetector(shipped_model(MODEL))
        self._watch = Watch(options.device_id, detector.find, signer, Rules(), Limits())
        client = httpx.Client(
            base_url=settings.edge.server_url,
            timeout=settings.edge.request_timeout_s,
            headers={"Authorization": f"Bearer {config.token(settings)}"},
            trust_env=False,
        )
        self._spool = PictureSpool(
            settings.home, client, device_id=options.device_id, signer=signer.public
        )
        self._looked = self._kept = 0
        self._faults: frozenset[str] = frozenset()
        self._seen_s = time.monotonic()

    def stop(self) -> None:
        self._stopping = True

    def run(self) -> dict[str, object]:
        """A summary of what was read, dropped, kept, sent."""
        os.nice(_NICENESS)
        self._camera.start()
        uploads = threading.Thread(target=self._spool.run, name="pictures", daemon=True)
        uploads.start()
        begun = time.monotonic()
        while not (self._stopping or self._over(begun)):
            self._turn()
            taken = self._camera.newest(_WAIT_S)
            if taken is not None:
                self._look(*taken)
            elif self._camera.ended:
                break
            elif time.monotonic() - self._seen_s > AWAY_S:
                self._tell(frozenset({AWAY}))
        return self._goodbye(uploads)

    def _over(self, begun: float) -> bool:
        limit = self._options.duration
        return limit is not None and time.monotonic() - begun > limit

    def _look(self, picture: Picture, taken_at: datetime) -> None:
        self._seen_s = time.monotonic()
        looked = self._watch.look(picture, now_s=self._seen_s, taken_at=taken_at)
        self._looked += 1
        self._tell(looked.faults)
        if looked.kept is not None:
            self._kept += 1
            self._spool.keep(looked.kept)
            self._link.say(self._speaker.frame(self._clock(), looked.kept))

    def _tell(self, faults: frozenset[str]) -> None:
        """One alarm when the first fault comes, one when the last goes."""
        if bool(faults) != bool(self._faults):
            log.warning("camera", faults=sorted(faults))
            self._link.say(self._speaker.fault(self._clock(), active=bool(faults)))
        self._faults = faults

    def _turn(self) -> None:
        """Moves what there is on the connection; never waits."""
        client = self._link.client
        if client.socket() is None:
            self._link.connected = False
            if time.monotonic() >= self._link.retry_s:
                self._link.connect()
        for _ in range(100):
            sock = client.socket()
            if sock is None or not select.select([sock], [], [], 0)[0]:
                break
            client.loop_read()
        if client.socket() is not None and client.want_write():
            client.loop_write()
        client.loop_misc()
        self._link.bring_home()

    def _goodbye(self, uploads: threading.Thread) -> dict[str, object]:
        self._camera.stop()
        self._link.say(self._speaker.presence(self._clock(), "offline"))
        give_up = time.monotonic() + self._options.linger
        while time.monotonic() < give_up and (len(self._link.kept) or self._spool.waiting()):
            self._turn()
            time.sleep(_WAIT_S)
        self._spool.stop()
        uploads.join(2)
        summary = self._link.finish()
        tally = self._spool.tally
        return {
            "frames_read": self._camera.read,
            "times_opened": self._camera.opened,
            "frames_dropped": self._camera.dropped,
            "frames_looked_at": self._looked,
            "kept": self._kept,
            "notes_sent": summary.sent,
            "notes_unconfirmed": summary.unconfirmed,
            "uploaded": tally.uploaded,
            "refused": tally.refused,
            "pictures_waiting": len(self._spool.waiting()),
            "pictures_dropped": tally.dropped,
        }


def mqtt_of(settings: config.Settings, *, url: str, username: str, password: str) -> MqttSettings:
    """The camera's own login; address and certificates from the settings where not given."""
    given = {"username": username, "password": password, "share": ""}
    if url:
        given["url"] = url
    return MqttSettings.model_validate(settings.mqtt.model_dump() | given)


def default_boot(now: datetime) -> str:
    return f"cam-{now:%Y%m%dT%H%M%S}-{now.microsecond:06d}"
