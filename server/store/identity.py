"""Mentions of people in reports, and the acts that say who is who."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, distinct, func, insert, or_, select, update

from server.domain.address import Spot
from server.domain.mentions import pair_key
from server.domain.names import Name
from server.domain.profiles import Mention
from server.store.identity_tables import identity_acts, mentions
from server.store.tables import cases, reports

Found = Row[*tuple[Any, ...]]
Values = dict[str, object]
MOST_NEAR = 400
"""Mentions compared with a new one at most: a hotel's switchboard must not stop intake."""


def near(conn: Connection, mention: Mention) -> list[tuple[str, Mention]]:
    """(person, mention) of everybody a mention may be: all they said, newest first."""
    keys = [
        (mentions.c.phone_key, mention.phone),
        (mentions.c.id_key, mention.id_number),
        (mentions.c.name_key, mention.name.full),
        (mentions.c.agent_key, mention.agent_key),
        (mentions.c.place_key, mention.spot.key if mention.spot and mention.spot.is_home else None),
    ]
    same = [column == value for column, value in keys if value]
    if not same:
        return []
    who = select(mentions.c.person_id).where(or_(*same)).distinct().limit(MOST_NEAR)
    query = (
        select(mentions)
        .where(mentions.c.person_id.in_(who), mentions.c.report_id != mention.id)
        .order_by(mentions.c.at.desc(), mentions.c.report_id)
        .limit(MOST_NEAR)
    )
    return [(row.person_id, to_mention(row)) for row in conn.execute(query)]


def to_mention(row: Found) -> Mention:
    spot = Spot(row.area, row.building, row.unit, row.room) if row.area else None
    name = Name(row.surname, row.name_key, row.sex)
    return Mention(
        row.report_id,
        row.phone_key,
        row.id_key,
        name,
        spot,
        agent=row.agent,
        agent_key=row.agent_key,
        others=tuple(Name(*told) for told in row.others or ()),
    )


def add(conn: Connection, mention: Mention, *, person_id: str, at: datetime) -> None:
    spot = mention.spot
    conn.execute(
        insert(mentions).values(
            report_id=mention.id,
            person_id=person_id,
            at=at,
            phone_key=mention.phone,
            id_key=mention.id_number,
            name_key=mention.name.full,
            surname=mention.name.surname,
            sex=mention.name.sex,
            area=spot and spot.area[:128],
            building=spot and spot.building,
            unit=spot and spot.unit,
            room=spot and spot.room,
            place_key=spot and spot.key[:192],
            agent=mention.agent,
            agent_key=mention.agent_key,
            others=[[one.surname, one.full, one.sex] for one in mention.others] or None,
            pair_key=_pair(mention),
        )
    )


def trails_of(mention: Mention, person_id: str) -> dict[str, str]:
    """The trails a report belongs to, by column: its person, its home and its pair of people. A
    place without a door is no trail: a whole community would be one person's past."""
    found = {"person_id": person_id}
    if mention.spot and mention.spot.is_home:
        found["place_key"] = mention.spot.key[:192]
    if pair := _pair(mention):
        found["pair_key"] = pair
    return found


def _pair(mention: Mention) -> str | None:
    key = pair_key(mention)
    return key and key[:192]


def find(conn: Connection, report_id: str) -> Found | None:
    return conn.execute(select(mentions).where(mentions.c.report_id == report_id)).one_or_none()


def of_person(conn: Connection, person_id: str) -> list[str]:
    query = select(mentions.c.report_id).where(mentions.c.person_id == person_id)
    return list(conn.execute(query.order_by(mentions.c.report_id)).scalars())


def mentions_of(conn: Connection, person_id: str, *, limit: int) -> list[Mention]:
    """What the newest reports say of a person."""
    query = select(mentions).where(mentions.c.person_id == person_id)
    newest = query.order_by(mentions.c.at.desc(), mentions.c.report_id).limit(limit)
    return [to_mention(row) for row in conn.execute(newest)]


def people_of_case(conn: Connection, case_id: str) -> list[str]:
    query = (
        select(mentions.c.person_id)
        .join(reports, reports.c.id == mentions.c.report_id)
        .where(reports.c.case_id == case_id)
        .distinct()
        .order_by(mentions.c.person_id)
    )
    return list(conn.execute(query).scalars())


def people_by_number(conn: Connection, source_id: str) -> list[str]:
    """Whom the reports with this number of any source come from."""
    query = (
        select(mentions.c.person_id)
        .join(reports, reports.c.id == mentions.c.report_id)
        .where(reports.c.source_id == source_id)
        .distinct()
        .limit(2)
    )
    return list(conn.execute(query).scalars())


def move(conn: Connection, report_ids: Collection[str], person_id: str) -> None:
    query = update(mentions).where(mentions.c.report_id.in_(report_ids))
    conn.execute(query.values(person_id=person_id))


def add_act(conn: Connection, values: Values) -> int:
    done = conn.execute(insert(identity_acts).values(**values).returning(identity_acts.c.id))
    return int(done.scalar_one())


def find_act(conn: Connection, number: int) -> Found | None:
    query = select(identity_acts).where(identity_acts.c.id == number).with_for_update()
    return conn.execute(query).one_or_none()


def settle(conn: Connection, number: int, was: str, **values: object) -> bool:
    """Compare and swap on the state; False when somebody was faster."""
    query = update(identity_acts).where(identity_acts.c.id == number, identity_acts.c.state == was)
    return conn.execute(query.values(**values)).rowcount == 1


def open_question(conn: Connection, person_id: str, other_id: str) -> int | None:
    """The question whether the two are one, whichever of them was asked about, if still open."""
    both = (person_id, other_id)
    query = select(identity_acts.c.id).where(
        identity_acts.c.state == "pending",
        identity_acts.c.person_id.in_(both),
        identity_acts.c.other_id.in_(both),
    )
    return conn.execute(query.order_by(identity_acts.c.id).limit(1)).scalar_one_or_none()


def acts(conn: Connection, states: Sequence[str], *, limit: int) -> list[Found]:
    """Newest first."""
    query = select(identity_acts).where(identity_acts.c.state.in_(states))
    return list(conn.execute(query.order_by(identity_acts.c.id.desc()).limit(limit)))


def acts_of(conn: Connection, person_id: str, *, limit: int) -> list[Found]:
    """What was done or asked about a person, newest first."""
    mine = or_(identity_acts.c.person_id == person_id, identity_acts.c.other_id == person_id)
    query = select(identity_acts).where(mine).order_by(identity_acts.c.id.desc())
    return list(conn.execute(query.limit(limit)))


def without_mention(conn: Connection, *, limit: int) -> list[Found]:
    """Reports nobody asked yet who called, oldest first."""
    query = (
        select(reports)
        .outerjoin(mentions, mentions.c.report_id == reports.c.id)
        .where(mentions.c.report_id.is_(None), reports.c.label.is_not(None))
        .order_by(reports.c.received_at, reports.c.id)
        .limit(limit)
    )
    return list(conn.execute(query))


def linked_calls(
    conn: Connection, mention: Mention, *, person_id: str, until: datetime
) -> list[Found]:
    """Main reports of a person, a place or a pair of people in three years, oldest first."""
    same = [mentions.c.person_id == person_id]
    if mention.spot:
        same.append(mentions.c.place_key == mention.spot.key[:192])
    if pair := _pair(mention):
        same.append(mentions.c.pair_key == pair)
    query = (
        select(
            reports.c.id,
            reports.c.received_at,
            reports.c.label,
            reports.c.category,
            reports.c.case_id,
            mentions.c.person_id,
            mentions.c.place_key,
            mentions.c.room,
            mentions.c.pair_key,
            cases.c.disposition,
        )
        .join(mentions, mentions.c.report_id == reports.c.id)
        .outerjoin(cases, cases.c.id == reports.c.case_id)
        .where(
            or_(*same),
            reports.c.linked_to.is_(None),
            reports.c.received_at < until,
            reports.c.received_at >= until - timedelta(days=1095),
        )
        .order_by(reports.c.received_at)
        .limit(5000)
    )
    return list(conn.execute(query))


def first_report_at(conn: Connection) -> datetime | None:
    query = select(reports.c.received_at).order_by(reports.c.received_at, reports.c.id).limit(1)
    return conn.execute(query).scalar_one_or_none()


def link_counts(conn: Connection, since: datetime) -> tuple[int, int]:
    """Reports since then, and those of them whose caller is known from another report."""
    others = mentions.alias("others")
    known = (
        select(others.c.report_id)
        .where(
            others.c.person_id == mentions.c.person_id,
            others.c.report_id != mentions.c.report_id,
        )
        .exists()
    )
    recent = mentions.c.at >= since
    total = conn.execute(select(func.count()).select_from(mentions).where(recent)).scalar_one()
    linked = select(func.count()).select_from(mentions).where(recent, known)
    return total, conn.execute(linked).scalar_one()


def waiting(conn: Connection) -> tuple[int, int]:
    """Questions open about identity, and reports that were not asked yet."""
    pending = select(func.count()).where(identity_acts.c.state == "pending")
    unasked = (
        select(func.count(distinct(reports.c.id)))
        .outerjoin(mentions, mentions.c.report_id == reports.c.id)
        .where(mentions.c.report_id.is_(None))
    )
    return conn.execute(pending).scalar_one(), conn.execute(unasked).scalar_one()
