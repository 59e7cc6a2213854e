"""From what the broker delivered to what the outbox stores: read, judge, sort. Pure.

Every arrival ends as messages, as a dead letter, or as nothing when its kind carries no
telemetry. There is no fourth way out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from edge import quality
from edge.errors import Numbered, Unreadable
from edge.outbox_rows import DeadLetter, Stage
from edge.protocols import registry
from edge.quality import Limits, Track
from edge.telemetry import Envelope

MAX_TRACKS = 20_000


@dataclass(frozen=True, slots=True)
class Arrival:
    """One payload as it was delivered; ``stage`` is where a dead letter of it failed."""

    topic: str
    payload: bytes
    received_at: datetime
    stage: Stage = "broker"


@dataclass(slots=True)
class Received:
    """What a group of arrivals came to; ``tracks`` holds only after it is stored."""

    envelopes: list[Envelope] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    tracks: dict[str, Track] = field(default_factory=dict)
    without_telemetry: int = 0


class Tracks:
    """The newest believed fix of each device, at most 20,000 of them."""

    def __init__(self) -> None:
        self._tracks: dict[str, Track] = {}

    def view(self) -> Mapping[str, Track]:
        return self._tracks

    def copy(self) -> Mapping[str, Track]:
        """As it is now; safe from any thread."""
        return dict(self._tracks)

    def skews(self, limit: int = 1000) -> dict[str, int]:
        """Seconds by which clocks are ahead of ours, the worst first; safe from any thread."""
        known = [
            (device_id, round(track.skew.estimate_s))
            for device_id, track in dict(self._tracks).items()
            if track.skew.estimate_s is not None
        ]
        return dict(sorted(known, key=lambda item: -abs(item[1]))[:limit])

    def keep(self, changed: Mapping[str, Track]) -> None:
        """Call once the group is stored: a group that failed comes again and must not be
        judged against itself."""
        for device_id, track in changed.items():
            self._tracks.pop(device_id, None)
            self._tracks[device_id] = track
        while len(self._tracks) > MAX_TRACKS:
            del self._tracks[next(iter(self._tracks))]


def receive(
    arrivals: Iterable[Arrival],
    *,
    tracks: Mapping[str, Track],
    limits: Limits,
    max_payload_bytes: int,
) -> Received:
    """Reads and judges a group of arrivals in order."""
    out = Received()
    for arrival in arrivals:
        if len(arrival.payload) > max_payload_bytes:
            too_long = Unreadable.because("payload", f"is longer than {max_payload_bytes} bytes")
            out.dead.append(_dead(arrival, too_long, arrival.payload[:max_payload_bytes]))
            continue
        _read(arrival, out)
    out.envelopes = _judged(out, tracks, limits)
    return out


def _read(arrival: Arrival, out: Received) -> None:
    try:
        protocol, reading = registry.read(arrival.topic, arrival.payload, arrival.received_at)
    except Unreadable as error:
        out.dead.append(_dead(arrival, error, arrival.payload))
        return
    except Exception as error:
        # A mistake of ours in a decoder: without this the same message would come for ever.
        fault = Unreadable.because("decoder", f"failed with {type(error).__name__}; report it")
        out.dead.append(_dead(arrival, fault, arrival.payload))
        return
    out.envelopes += registry.envelopes(protocol, reading, arrival.received_at)
    out.dead += _bad_items(arrival, reading.unreadable)
    if not reading.messages and not reading.unreadable:
        out.without_telemetry += 1


def _judged(out: Received, tracks: Mapping[str, Track], limits: Limits) -> list[Envelope]:
    judged: list[Envelope] = []
    for envelope in out.envelopes:
        device_id = envelope.message.origin.device_id
        before = out.tracks.get(device_id) or tracks.get(device_id) or Track()
        message = quality.with_accuracy(envelope.message, envelope.protocol, limits)
        verdict = quality.check(
            message, track=before, received_at=envelope.received_at, limits=limits
        )
        # A place its own device calls no fix must not become what others are held against.
        if verdict.track is not before and quality.believable(envelope.doubt):
            out.tracks[device_id] = verdict.track
        if verdict.doubt or message is not envelope.message:
            doubt = (*verdict.doubt, *envelope.doubt)
            ahead = verdict.track.skew.steady_s if quality.CLOCK_SKEW in doubt else None
            judged.append(replace(envelope, message=message, doubt=doubt, clock_ahead_s=ahead))
        else:
            judged.append(envelope)
    return judged


def _bad_items(arrival: Arrival, errors: Sequence[Unreadable]) -> list[DeadLetter]:
    """The payload once, with every reason; more letters only to tell which messages they were."""
    if not errors:
        return []
    first = _dead(arrival, errors[0], arrival.payload)
    whole = replace(first, reason=" | ".join(map(str, errors[:20])))
    return [whole, *(_numbered_only(arrival, error) for error in errors[1:])]


def _numbered_only(arrival: Arrival, error: Unreadable) -> DeadLetter:
    return _dead(arrival, error, b"")


def _dead(arrival: Arrival, error: Unreadable, raw: bytes) -> DeadLetter:
    numbered: Numbered | None = error.numbered
    return DeadLetter(
        at=arrival.received_at,
        stage=arrival.stage,
        topic=arrival.topic,
        reason=str(error),
        raw=raw,
        numbered=numbered,
    )
