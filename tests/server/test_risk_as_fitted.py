"""The risk told at intake is the one a refit would read from the same log."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from server.domain.report import Caller
from server.office import Office
from server.services import register, risk
from server.services.identity import Recognised
from server.store import identity
from server.store import register as register_store
from server.store.engine import reading
from triage.foresight import Foresight

HOMES = ("翠柳苑3幢402", "翠柳苑9幢101", "滨河花园12幢3单元502", "翠柳苑", None)
DAYS, CALLS = 700, 60


@pytest.fixture
def lived(street: Office, file: Callable[..., Any], clock: Callable[[], Any]) -> Office:
    """Sixty calls of six people from three homes, a community without a door, and nowhere."""
    dice, began = random.Random(7), clock()
    days = [0.0, *sorted(dice.uniform(1, DAYS) for _ in range(CALLS - 1))]
    for day in days:
        clock.now = began + timedelta(days=day)  # type: ignore[attr-defined]
        file(
            caller=Caller(phone=f"1000000{dice.randrange(6):04d}"),
            address=dice.choice(HOMES),
            place=None,
        )
    return street


def test_intake_and_refit_read_the_same_past(lived: Office) -> None:
    bands = lived.settings.recurrence.bands()
    foresight = Foresight(lived.risk.model, bands=bands)
    compared = several = 0
    with reading(lived.engine) as conn:
        rows = register_store.calls(conn, None, limit=1000)
        began = rows[0].received_at
        for row in rows:
            event = register.event_of(row)
            fitted = foresight.risk_of(event)
            found = identity.find(conn, row.id)
            assert found is not None
            who = Recognised(identity.to_mention(found), found.person_id)
            told = risk.of_report(
                lived, conn, who, row.received_at, row.category, dispute=event.dispute
            )
            assert told.history == fitted.history
            # In the first year a street that just began counts as a year old, at intake only.
            if (row.received_at - began).days > risk.LEAST_LOG_DAYS:
                assert told.risk_90d == pytest.approx(fitted.risk_90d, abs=1e-9)
                compared += 1
                several += len(event.keys) > 1
    assert compared > 10
    assert several > 5


def test_a_community_without_a_door_is_nobodys_past(lived: Office) -> None:
    with reading(lived.engine) as conn:
        rows = register_store.calls(conn, None, limit=1000)
        doorless = [row for row in rows if row.place_key and not row.room]
        assert len(doorless) > 5
        for row in doorless:
            found = identity.find(conn, row.id)
            assert found is not None
            own = identity.trails_of(identity.to_mention(found), found.person_id)
            assert set(own) == {"person_id"}
