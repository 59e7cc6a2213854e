"""What is known of the time on scene beside the steps: whether a camera recorded."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from server.domain.case import Step
from server.domain.recording import HOLDS, recording
from server.domain.views import CaseView, RecordingView
from server.store import telemetry


def recording_of(conn: Connection, case: CaseView, now: datetime) -> RecordingView | None:
    """From the unit's arrival to the end of the case; None before it has arrived.

    Counted anew at each look, so that states which come late count too; after the tracks are
    forgotten (``retention.track_days``) the answer is ``unknown``.
    """
    arrived = next((step.at for step in case.steps if step.step == Step.ARRIVED), None)
    if arrived is None or case.assignment is None:
        return None
    until = max(arrived, case.closed_at or now)
    states = telemetry.recordings_of_unit(
        conn, case.assignment.unit_id, since=arrived - HOLDS, until=until
    )
    found = recording(states, arrived=arrived, until=until)
    return RecordingView(found.state, found.why, found.scene_s, found.known_s, found.recorded_s)
