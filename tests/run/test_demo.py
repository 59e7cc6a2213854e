"""The demo's made-up people: what they tell, what they do next, what past they have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from edge.shipped import shipped_district
from server.app import open_office
from server.config import Settings
from server.demo import people, seed
from server.demo.people import demo_units
from server.demo.players import HUMAN_HEAD_START_S, Act, delay_s, next_act
from server.demo.stories import IMPOSSIBLE, again, deck, make, stories
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import accounts, figures, reading, roster
from server.store import events
from server.store.engine import reading as snapshot
from server.supervise import exposure, sealed
from server.supervise.address import parse
from server.supervise.errors import DemoExposed
from triage.redaction import mask_numbers
from triage.taxonomy import LABELS, is_category, label_of

DESK = Actor("zhihui", Role.DISPATCHER)


def test_there_are_many_stories_of_every_label_and_none_twice() -> None:
    told = stories()
    assert len(told) >= 60
    assert {story.label for story in told} == set(LABELS)
    assert len({story.text for story in told}) == len(told)
    for story in told:
        assert is_category(story.category)
        assert label_of(story.category) == story.label
        assert 9 <= len(story.text) <= 160


def test_stories_hold_no_number_of_anybody() -> None:
    rng, told, district = Random(1), deck(Random(1)), shipped_district()
    for _ in range(300):
        made = make(rng, next(told), district)
        assert mask_numbers(made.text) == made.text
        assert "{" not in made.text
        assert re.fullmatch(rf"{IMPOSSIBLE}\d{{4}}", made.phone)
        assert made.caller.endswith("某某")
        assert again(made).address == made.address


def test_a_deck_tells_all_before_it_repeats() -> None:
    told = deck(Random(2))
    assert {next(told).text for _ in stories()} == {story.text for story in stories()}


def test_units_members_and_devices_are_distinct() -> None:
    units = list(demo_units())
    assert len(units) == 22
    assert {unit.point for unit in units} == {p.name for p in shipped_district().points}
    assert len({d for unit in units for d in (unit.bodycam, unit.radio)}) == 44
    assert len({m for unit in units for m in unit.members}) == 44
    assert people.HUMAN_UNIT in {unit.id for unit in units}


def _case(status: str, *steps: str, unit: str | None = "u", route: str = "mediate") -> dict:
    return {
        "id": "c",
        "status": status,
        "route": route,
        "assignment": unit and {"unit_id": unit},
        "steps": [{"step": step} for step in steps],
    }


@pytest.mark.parametrize(
    ("case", "near", "kind"),
    [
        (_case("assigned"), False, "signed"),
        (_case("signed", "signed"), False, "departed"),
        (_case("en_route", "signed", "departed"), False, "contacted"),
        (_case("en_route", "signed", "departed", "contacted"), False, None),
        (_case("en_route", "signed", "departed", "contacted"), True, "arrived"),
        (_case("on_scene", "signed", "departed", "contacted", "arrived"), True, "close"),
        (_case("on_scene", "signed", "arrived"), True, "departed"),
        (_case("open", unit=None, route="review"), False, "decide"),
        (_case("open", unit=None, route="police"), False, "hand_on"),
        (_case("open", unit=None), False, None),
    ],
)
def test_what_a_case_waits_for(case: dict, near: bool, kind: str | None) -> None:
    act = next_act(case, near=near)
    assert (act.kind if act else None) == kind


def test_a_person_gets_a_head_start() -> None:
    act = Act("c", "signed", "u")
    assert min(delay_s(act, Random(n), human=True) for n in range(50)) >= HUMAN_HEAD_START_S
    assert max(delay_s(act, Random(n), human=False) for n in range(50)) < HUMAN_HEAD_START_S


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A home filled once; the tests below only look, or fill it again."""
    office = open_office(tmp_path_factory.mktemp("demo"), Settings())
    seed.seed(office)
    yield office
    office.engine.dispose()


def test_seeding_gives_roster_accounts_and_a_past_that_adds_up(seeded: Office) -> None:
    assert len(roster.unit_rows(seeded)) == 22
    assert len(roster.device_rows(seeded)) == 44
    assert {u.name for u in accounts.users(seeded)} == {a.name for a in people.ACCOUNTS}
    assert accounts.authenticate(seeded, "tiaojie", people.PASSWORD) is not None
    now = seeded.clock()
    told = figures.figures(seeded, DESK, since=now - seed.PAST, until=now)
    assert told.received > 30
    assert told.settled_on_spot > 5
    assert told.open_cases == 0
    with snapshot(seeded.engine) as conn:
        assert events.first_break(conn) is None


def test_seeding_again_does_nothing_twice(seeded: Office) -> None:
    with snapshot(seeded.engine) as conn:
        before = events.last_number(conn)
    seed.seed(seeded)
    with snapshot(seeded.engine) as conn:
        assert events.last_number(conn) == before


def test_seeding_goes_on_where_it_was_interrupted(seeded: Office) -> None:
    kept = sealed.read(seeded.home, seeded.vault, sealed.DEMO_FILE)
    del kept[seed.DONE]
    sealed.write(seeded.home, seeded.vault, sealed.DEMO_FILE, kept)
    before = reading.case_page(seeded, DESK, limit=200)
    seed.seed(seeded)
    assert len(roster.device_rows(seeded)) == 44
    assert len(reading.case_page(seeded, DESK, limit=200).items) == len(before.items)


def test_known_passwords_never_face_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside, inside = parse("0.0.0.0:8000"), parse("127.0.0.1:8000")
    exposure.check(tmp_path, outside)
    exposure.check(tmp_path, inside, demo=True)
    with pytest.raises(DemoExposed):
        exposure.check(tmp_path, outside, demo=True)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / sealed.DEMO_FILE).touch()
    with pytest.raises(DemoExposed):
        exposure.check(tmp_path, outside)
    monkeypatch.setenv(exposure.ANYWHERE, "1")
    exposure.check(tmp_path, outside, demo=True)
