"""What a person should label next, and what the random audit among it says of the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from server.domain.errors import Conflict, Invalid
from server.domain.roles import Actor
from server.office import Office
from server.services import opinions, review
from server.services.audits import draw_key
from server.store import learning
from server.store.engine import reading
from triage.assessment import Assessment
from triage.selection import REASONS, Chosen, Unlabelled, choose, is_audited, unbiased_share
from triage.taxonomy import Label, Route

BATCH = 30
SHOWN = 10
POOL = 2000
"""Newest reports without a word that are looked at; older ones wait for a quieter day."""
AUDIT = "audit"
ESTIMATE_DAYS = 90
MOST_REPORTS = 20_000
REASON_NAMES = (AUDIT, *(name for name, _ in REASONS))


@dataclass(frozen=True, slots=True)
class ToLabel:
    """A report to be read blind; its reason is kept, not shown, so that it suggests nothing."""

    report_id: str
    received_at: datetime
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Next:
    """The first of the batch, and how many of the whole batch each reason put there."""

    rows: tuple[ToLabel, ...]
    by_reason: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """From the random audit alone: of ``drawn`` reports of 90 days ``labelled`` have a word.

    ``wrong``: the model's label is not the one that counts. ``handed_on``: police matters that the
    model would have sent to mediators or 12345, among all reports. None without a word."""

    drawn: int
    labelled: int
    wrong: Share | None
    handed_on: Share | None


def to_label(office: Office) -> Next:
    """The next batch among the newest unlabelled reports: the audit first, reasons in turn."""
    now, rule = office.clock(), office.settings.learning
    with reading(office.engine) as conn:
        rows = learning.unlabelled(conn, now - timedelta(days=rule.label_days), limit=POOL)
    by_id = {row.id: row for row in rows}
    chosen = choose(
        [_unlabelled(row) for row in rows],
        BATCH,
        audit_share=rule.audit_share,
        salt=draw_key(office),
    )
    shown = [_to_label(by_id[one.id], one) for one in chosen[:SHOWN]]
    return Next(tuple(shown), Counter(one.reason for one in chosen))


def say(
    office: Office,
    report_id: str,
    *,
    label: Label,
    category: str | None,
    actor: Actor,
    reason: str,
    why: str | None = None,
) -> None:
    """A first word, said blind; an open case follows it as with any correction."""
    if reason not in REASON_NAMES:
        raise Invalid("reason", "请刷新页面后重试")
    share = office.settings.learning.audit_share
    audited = is_audited(report_id, share, draw_key(office))
    with reading(office.engine) as conn:
        if learning.opinions(conn, report_id=report_id):
            raise Conflict(f"Somebody has already spoken on report {report_id}.")
    chosen = Chosen(report_id, AUDIT if audited else reason, share if audited else None)
    review.correct(
        office,
        report_id,
        label=label,
        category=category,
        why=why,
        actor=actor,
        screen="labels",
        purpose="chosen",
        chosen=chosen,
    )


def estimate(office: Office) -> Estimate:
    """How often the model is wrong, from the random audit of the last 90 days alone.

    A drawn report counts with whatever word it has, however that came about: leaving out those an
    operator corrected first would hide the model's faults.
    """
    since = office.clock() - timedelta(days=ESTIMATE_DAYS)
    share, salt = office.settings.learning.audit_share, draw_key(office)
    with reading(office.engine) as conn:
        ids = learning.live_report_ids(conn, since, limit=MOST_REPORTS)
        drawn = [report_id for report_id in ids if is_audited(report_id, share, salt)]
        judged = learning.judged(conn, drawn)
        words = opinions.current_of(conn, drawn)
    told = [
        (row.assessment["label"], row.route, words[row.report_id].label, share)
        for row in judged
        if row.report_id in words
    ]
    away = {Route.MEDIATE, Route.SERVICE}
    return Estimate(
        drawn=len(drawn),
        labelled=len(told),
        wrong=_share([(model != label, chance) for model, _, label, chance in told]),
        handed_on=_share([(lb is Label.POLICE and r in away, c) for _, r, lb, c in told]),
    )


def _share(drawn: Sequence[tuple[bool, float]]) -> Share | None:
    return Share(*unbiased_share(drawn)) if drawn else None


def _unlabelled(row: Any) -> Unlabelled:
    found = Assessment.from_json(row.assessment)
    return Unlabelled(
        id=row.id,
        p=found.p,
        grave_cue=any(cue.in_force and cue.grade == "grave" for cue in found.cues),
        unknown_share=found.unknown_share,
        risk_90d=row.risk["risk_90d"] if row.risk else None,
    )


def _to_label(row: Any, chosen: Chosen) -> ToLabel:
    return ToLabel(row.id, row.received_at, row.text, chosen.reason)
