"""The register of returning disputes: people, places, whom to visit, and who is who."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server.domain.identity_reasons import REASON_NAMES_ZH
from server.domain.register import BAND_ORDER, Entry
from server.domain.roles import Action
from server.services import linking, merging, register, units
from server.services.register import EarlierCall, Register
from server.services.sheets import Cell
from server.web.access import current_actor, current_office, needs
from server.web.pages import lists, words
from server.web.pages.notices import then_back
from server.web.translation import translate

blueprint = Blueprint("register", __name__)

HERE = "/console/register"
SHOWN = 200
STATES = {"active": "90天内活跃", "settled": "已化解", "rest": "待走访", "due": "已到期"}
HEADING = (
    "报警人", "电话", "地点", "类别", "纠纷次数", "近90天", "近一年", "最近一次",
    "再发概率", "级别", "理由", "走访期限", "承办单元", "上次结果",
)  # fmt: skip


@blueprint.get(HERE)
@needs(Action.SEE_CONSOLE)
def people() -> str | Response:
    """People with two disputes or more, riskiest first; filters in the address; a file of it."""
    found = register.look(current_office())
    shown = _filtered(found.entries)
    if lists.wants_file():
        return lists.as_file("同人纠纷台账", HEADING, _rows(shown, found))
    return _page("register.html", found, entries=shown[:SHOWN], matching=len(shown))


@blueprint.get(f"{HERE}/visits")
@needs(Action.SEE_CONSOLE)
def visits() -> str | Response:
    """Whom to visit this week, and how well such lists did in the past."""
    found = register.look(current_office())
    if lists.wants_file():
        return lists.as_file("本周走访", HEADING, _rows(found.visits, found))
    return _page("register_visits.html", found, entries=found.visits)


@blueprint.get(f"{HERE}/places")
@needs(Action.SEE_CONSOLE)
def places() -> str | Response:
    """Places that many different people call about."""
    found = register.look(current_office())
    if lists.wants_file():
        heading = ("地点", "一年内警情", "报警人数", "最近一次", "类别")
        rows: list[list[Cell]] = [
            [p.address, p.calls, p.callers, lists.local(p.last_at), words.category(p.category)]
            for p in found.places
        ]
        return lists.as_file("一处多人报警", heading, rows)
    return _page("register_places.html", found)


@blueprint.get(f"{HERE}/identity")
@needs(Action.SEE_CONSOLE)
def identities() -> str:
    """Questions the machine leaves to people, and what was merged or split."""
    office = current_office()
    return render_template(
        "register_identity.html",
        asked=linking.questions(office),
        acts=linking.settled(office),
        links=linking.link_figures(office),
        reasons_zh=REASON_NAMES_ZH,
    )


@blueprint.post(f"{HERE}/identity/<int:number>")
@needs(Action.CORRECT)
def settle(number: int) -> AnyResponse:
    """Answer a question, or take a merge or split back."""

    def act() -> str:
        office, actor, word = current_office(), current_actor(), request.form.get("do", "")
        if word == "undo":
            merging.undo(office, number, actor=actor)
            return "已撤销，恢复原样。"
        merging.answer(office, number, same=word == "same", actor=actor)
        return "已并为一人，可撤销。" if word == "same" else "已确认不是同一人。"

    person = request.form.get("person", "")
    back = url_for("persons.person", person_id=person) if person else f"{HERE}/identity"
    return then_back(act, back)


def _page(template: str, found: Register, **more: object) -> str:
    office = current_office()
    settings = office.settings.recurrence
    names = {unit.id: unit.name for unit in units.unit_views(office, current_actor())}
    return render_template(
        template,
        found=found,
        now=office.clock(),
        states={state: translate(name) for state, name in STATES.items()},
        colours={band: translate(name) for band, name in colours().items()},
        unit_names=names,
        settings=settings,
        kinds={
            code: translate(name) for code, name in words.CATEGORIES.items() if "dispute" in code
        },
        **more,
    )


def colours() -> dict[str, str]:
    """Band to the colour this place calls it by."""
    named = current_office().settings.recurrence.colours
    return dict(zip(BAND_ORDER, named, strict=True))


def _filtered(entries: Iterable[Entry]) -> list[Entry]:
    now = current_office().clock()
    state, band = lists.asked("state", STATES), lists.asked("band", BAND_ORDER)
    unit, kind = request.args.get("unit", ""), request.args.get("kind", "")
    tests: dict[str, Callable[[Entry], bool]] = {
        "active": lambda e: e.active,
        "settled": lambda e: e.active and e.settled,
        "rest": lambda e: e.active and not e.settled,
        "due": lambda e: e.is_due(now),
    }
    return [
        entry
        for entry in entries
        if (not state or tests[state](entry))
        and (not band or entry.last.band == band)
        and (not unit or entry.last.unit_id == unit)
        and (not kind or entry.last.category == kind)
    ]


def _rows(entries: Iterable[Entry], found: Register) -> list[list[Cell]]:
    """As people read them; names and numbers masked."""
    office = current_office()
    names = {unit.id: unit.name for unit in units.unit_views(office, current_actor())}
    named = colours()
    rows: list[list[Cell]] = []
    for entry in entries:
        caller, last = found.callers.get(entry.person_id), entry.last
        rows.append(
            [
                (caller and caller.name) or "匿名",
                (caller and caller.phone) or "",
                last.address or "",
                words.category(last.category),
                entry.disputes,
                entry.n_90d,
                entry.n_365d,
                lists.local(last.at),
                round(last.risk, 2),
                named[last.band],
                "，".join(name for n, (name, part) in enumerate(last.drivers) if n < 3 or not part),
                lists.local(entry.due_at)[:10],
                names.get(last.unit_id or "", ""),
                words.DISPOSITIONS.get(last.disposition or "", "未办结"),
            ]
        )
    return rows


def earlier_calls(case_id: str) -> list[EarlierCall]:
    """For ``_history.html``: what is known before knocking."""
    return register.before_case(current_office(), case_id)
