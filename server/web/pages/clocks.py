"""The clocks' page: how punctual each step is, by unit, point and hour, claimed and verified."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from flask import Blueprint, render_template
from werkzeug.wrappers import Response

from server.domain.case import Step
from server.domain.punctuality import By, StepFigures, StepGroup
from server.domain.roles import Action
from server.services import punctuality, reading
from server.services.sheets import Cell
from server.web.access import current_actor, current_office, needs
from server.web.pages import lists, words
from server.web.translation import translate

blueprint = Blueprint("clocks", __name__)

DAYS = 30
BY_NAMES = {By.UNIT: "单元", By.POINT: "调解点", By.HOUR: "时段"}
COLUMNS = (
    "分组", "名称", "步骤", "完成", "P50秒", "P90秒", "按时", "超时", "按时率",
    "核实", "核实P50秒", "核实P90秒", "核实且按时", "核实按时率",
)  # fmt: skip


@blueprint.get("/console/clocks")
@needs(Action.READ_STATS)
def clocks() -> str | Response:
    """Each step by unit, point or hour of hand-over; ``?as=csv`` or ``?as=xlsx`` as a file."""
    office = current_office()
    until = lists.day_end("until") or office.clock()
    since = lists.day_start("since") or until - timedelta(days=DAYS)
    if since >= until:
        since = until - timedelta(days=DAYS)
    made = punctuality.step_groups(office, since=since, until=until)
    if lists.wants_file():
        reading.note_export(office, current_actor(), "clocks")
        return lists.as_file("步骤时限", COLUMNS, _lines(made))
    by = By(lists.asked("by", BY_NAMES) or By.UNIT)
    step = Step(lists.asked("step", list(Step)) or Step.ARRIVED)
    return render_template(
        "clocks.html",
        since=since,
        until=until,
        by=by,
        by_names={one: translate(name) for one, name in BY_NAMES.items()},
        step=step,
        steps={one.value: translate(words.STEPS[one.value]) for one in Step},
        limits=office.settings.deadlines.model_dump(),
        whole=next((group.steps for group in made if group.by == By.ALL), ()),
        rows=[(group.name, _of(group, step)) for group in made if group.by == by],
    )


def _of(group: StepGroup, step: Step) -> StepFigures:
    return next(found for found in group.steps if found.step == step.value)


def _lines(made: Iterable[StepGroup]) -> Iterable[list[Cell]]:
    for group in made:
        for found in group.steps:
            name = "全部" if group.by == By.ALL else group.name
            by = BY_NAMES.get(By(group.by), "全部")
            yield [
                by, name, words.STEPS[found.step], found.count, found.p50_s, found.p90_s,
                found.met, found.missed, found.compliance, found.verified, found.verified_p50_s,
                found.verified_p90_s, found.verified_met, found.verified_compliance,
            ]  # fmt: skip
