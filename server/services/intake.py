"""Taking a report in: idempotent, linked, judged, routed and opened as a case.

Nothing the model does can make intake fail: without a usable model the report goes to review.
The model is asked outside the transaction, so a slow text never holds the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from server.domain import case as case_rules
from server.domain import report as report_rules
from server.domain.events import NewEvent
from server.domain.linking import Trace, main_report
from server.domain.report import NewReport
from server.domain.roles import Actor
from server.domain.travel import BY_FORMULA, Travel
from server.domain.views import Json
from server.office import Office
from server.services import (
    audits,
    dispatch,
    experiments,
    identity,
    judgement,
    relapse,
    report_rows,
    travel_times,
)
from server.services.answers import intake_answer
from server.services.identity import Recognised
from server.services.ids import new_id
from server.services.judgement import Judgement
from server.services.keys import Keys, keys_of
from server.store import cases, events, reports
from server.store.engine import reading, writing
from triage.redaction import mask_numbers
from triage.taxonomy import Label, Route


@dataclass(frozen=True, slots=True)
class Taken:
    """The whole answer of the contract; ``created`` is False for a report known before."""

    answer: Json
    created: bool


def take(office: Office, new: NewReport, actor: Actor) -> Taken:
    """One report in. Raises Invalid naming the field that cannot be taken."""
    now = office.clock()
    new = report_rows.clean(new)
    report_rules.check(new, now)
    with reading(office.engine) as conn:
        known = reports.find_by_source(conn, new.source, new.source_id)
        if known is not None:
            return Taken(known.answer, created=False)
    keys = keys_of(office.vault, new)
    judged = judgement.of_text(office, new)
    goes = judged.route in case_rules.MEDIATED_ROUTES
    travel = travel_times.to_place(office, judged.place) if goes else BY_FORMULA
    try:
        with writing(office.engine) as conn:
            answer = _record(office, conn, new, keys, judged, actor, now, travel)
    except IntegrityError:
        with reading(office.engine) as conn:
            raced = reports.find_by_source(conn, new.source, new.source_id)
        if raced is None:
            raise
        return Taken(raced.answer, created=False)
    return Taken(answer, created=True)


def take_history_many(office: Office, many: Sequence[NewReport], actor: Actor) -> list[bool]:
    """Past reports, judged but without cases; True where the report was new.

    Rows that fail ``domain.report.check`` must be refused by the caller before.
    """
    now = office.clock()
    cleaned = [report_rows.clean(new) for new in many]
    judged = judgement.of_texts(office, cleaned)
    taken = []
    with writing(office.engine) as conn:
        for new, verdict in zip(cleaned, judged, strict=True):
            if reports.find_by_source(conn, new.source, new.source_id) is not None:
                taken.append(False)
                continue
            keys = keys_of(office.vault, new)
            report_id = new_id(now)
            row = report_rows.row(
                office.vault, new, keys, verdict, report_id=report_id, by=actor.name, now=now
            )
            reports.add(conn, [row])
            judged_row = report_rows.predictions(row, verdict.named(report_id), now)
            reports.add_predictions(conn, judged_row)
            taken.append(True)
        count = sum(taken)
        if count:
            body = {"count": count, "source": cleaned[0].source}
            events.tell(conn, [NewEvent("history_imported", now, actor.name, body=body)])
    return taken


def _record(
    office: Office,
    conn: Connection,
    new: NewReport,
    keys: Keys,
    judged: Judgement,
    actor: Actor,
    now: datetime,
    travel: Travel,
) -> Json:
    report_id = new_id(now)
    who = _recognise(office, conn, new, keys, report_id, now)
    judged = judgement.with_history(office, conn, new, who, judged).named(report_id)
    main = _find_main(office, conn, new, keys, who, judged)
    told = [_report_taken(report_id, judged, actor, now)]
    row = report_rows.row(
        office.vault, new, keys, judged, report_id=report_id, by=actor.name, now=now
    )
    if main is not None and main.case_id is not None:
        case_id = main.case_id
        row |= {"case_id": case_id, "linked_to": main.report_id}
        told += _repeat(conn, case_id, report_id, main.report_id, judged, actor, now)
        reports.add(conn, [row])
    else:
        case_id = new_id(now)
        dealt = experiments.arm_for(conn, case_id, confidential=new.confidential)
        acted = experiments.acted_on(judged, dealt)
        row |= {"case_id": case_id, "route": acted.route.value}
        cases.add(conn, _new_case(case_id, new, acted, now))
        experiments.enrol(conn, case_id, dealt, now)
        reports.add(conn, [row])
        told = [_report_taken(report_id, acted, actor, now)]
        told += _case_opened(case_id, report_id, acted, actor, now)
        told += dispatch.hand_over_if_auto(office, conn, case_id, now, travel)
    found = relapse.look(
        office,
        conn,
        who,
        new.received_at,
        dispute=judged.label is Label.DISPUTE,
        duplicate=main is not None,
    )
    told += relapse.events_of(found, case_id=case_id, report_id=report_id, by=actor.name, now=now)
    identity.remember(conn, who, at=new.received_at, now=now)
    reports.add_predictions(conn, report_rows.predictions(row, judged, now))
    events.tell(conn, told)
    answer = intake_answer(office.vault, conn, report_id, judged)
    reports.change(conn, report_id, answer=answer)
    if main is None:
        audits.draw(office, conn, report_id, judged, confidential=new.confidential, now=now)
    return answer


def _recognise(
    office: Office, conn: Connection, new: NewReport, keys: Keys, report_id: str, now: datetime
) -> Recognised:
    mention = identity.mention_of(
        office,
        report_id,
        new.caller,
        new.text,
        phone_key=keys.phone,
        id_key=keys.id_number,
        address=new.address,
    )
    return identity.recognise(conn, mention, now)


def _find_main(
    office: Office,
    conn: Connection,
    new: NewReport,
    keys: Keys,
    who: Recognised,
    judged: Judgement,
) -> Trace | None:
    """The report this one repeats. Confidential reports are never linked to others."""
    if new.confidential:
        return None
    rule = office.settings.intake.link_rule()
    since = new.received_at - max(rule.any_within, rule.dispute_within)
    earlier = reports.recent_traces(conn, keys.caller, since=since, person_id=who.person_id)
    return main_report(
        Trace(
            report_id="",
            case_id=None,
            case_open=False,
            received_at=new.received_at,
            caller_keys=keys.caller | {who.person_id},
            address_key=keys.address,
            is_dispute=judged.label is Label.DISPUTE,
        ),
        earlier,
        rule,
    )


def _repeat(
    conn: Connection,
    case_id: str,
    report_id: str,
    main_id: str,
    judged: Judgement,
    actor: Actor,
    now: datetime,
) -> list[NewEvent]:
    """A repeated call joins its case; graver words raise the case's route, never lower it."""
    told = [NewEvent("report_linked", now, actor.name, case_id, report_id, body={"main": main_id})]
    row = cases.find(conn, case_id, lock=True)
    assert row is not None, "a linked report's case exists: foreign key"
    case = cases.to_case(row)
    raised = case_rules.graver(case.route, judged.route)
    if raised is not case.route and raised is not Route.REVIEW and not case.confidential:
        danger = max(row.danger, judged.danger)
        told += dispatch.change_route(
            conn, case, raised, why="repeat_graver", by=actor.name, now=now, danger=danger
        )
    return told


def _new_case(case_id: str, new: NewReport, judged: Judgement, now: datetime) -> Json:
    return {
        "id": case_id,
        "opened_at": now,
        "status": case_rules.Status.OPEN,
        "route": judged.route,
        "label": judged.label,
        "category": judged.category,
        "confidential": new.confidential,
        "danger": judged.danger,
        "risk_90d": judged.risk.risk_90d if judged.risk else None,
        "address": new.address and mask_numbers(new.address),
        "lat": judged.place.lat if judged.place else None,
        "lon": judged.place.lon if judged.place else None,
        "coarse": judged.coarse_place,
        "version": 0,
    }


def _report_taken(report_id: str, judged: Judgement, actor: Actor, now: datetime) -> NewEvent:
    body: Json = {"route": judged.route.value, "label": judged.label and judged.label.value}
    kind = "report_taken" if judged.assessment else "model_unavailable"
    if judged.assessment is None:
        body["fault"] = judged.fault
    return NewEvent(kind, now, actor.name, report_id=report_id, body=body)


def _case_opened(
    case_id: str, report_id: str, judged: Judgement, actor: Actor, now: datetime
) -> list[NewEvent]:
    body: Json = {"route": judged.route.value, "category": judged.category, "danger": judged.danger}
    return [NewEvent("case_opened", now, actor.name, case_id, report_id, body=body)]
