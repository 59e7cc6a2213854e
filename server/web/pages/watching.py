"""The page of what is watched: what arrives, how well people agree with the model, week by week."""

from __future__ import annotations

from flask import Blueprint, render_template

from server.domain import watching as rules
from server.domain.roles import Action
from server.domain.watching import Day, Way
from server.services import watching
from server.services.watching import Watched
from server.web.access import actor_or_none, current_office, needs
from server.web.pages import plots, words
from server.web.translation import translate

blueprint = Blueprint("watching", __name__)

NAMES = {
    "length": "来警长短",
    "cue": "危险词比例",
    "unknown": "生词比例",
    "police_score": "警务得分分布",
    "label": "类别占比",
    "linked": "认出老来电人的比例",
    "agreement": "盲判与模型一致率",
    "calibration": "校准误差",
}
_WAYS = {
    Way.PSI: "稳定性指数",
    Way.MOVES: "比例变动",
    Way.FALLS: "比例下降",
    Way.ERROR: "误差",
}


@blueprint.get("/console/watch")
@needs(Action.MANAGE_MODELS)
def page() -> str:
    """Half a year of drift, agreement and calibration, with what alarms now."""
    found = watching.history(current_office())
    by_name = {one.watch.what: one for one in found}
    return render_template(
        "watch.html",
        watched=[(one, _daily(one)) for one in found],
        names={what: translate(name) for what, name in NAMES.items()},
        ways={way: translate(name) for way, name in _WAYS.items()},
        label_names={label: translate(name) for label, name in words.LABELS.items()},
        labels_by_week=_shares(by_name["label"].days),
        agreement=_weekly_share(by_name["agreement"].days),
        calibration=_weekly_error(by_name["calibration"].days),
        least=watching.MAX_ROWS,
    )


def alarms() -> tuple[str, ...]:
    """Names of what alarms, for whoever answers for the models; nothing for the others."""
    actor = actor_or_none()
    if actor is None or not actor.may(Action.MANAGE_MODELS):
        return ()
    return tuple(translate(NAMES[what]) for what in watching.standing(current_office()))


def _daily(one: Watched) -> plots.Plot:
    values = [(f"{day.day:%m-%d}", day.value) for day in one.days]
    return plots.line(values, limits=(one.watch.clear_at, one.watch.raise_at))


def _shares(days: tuple[Day, ...]) -> tuple[tuple[plots.Box, ...], tuple[plots.Mark, ...]]:
    weeks = rules.weekly(days)
    said = [f"{monday:%m-%d}" for monday, _ in weeks]
    bars = [
        (f"{word}", [(label, counts.get(label, 0.0)) for label in words.LABELS])
        for word, (_, counts) in zip(said, weeks, strict=True)
    ]
    return plots.stacked(bars), plots.ticks(said)


def _weekly_share(days: tuple[Day, ...]) -> plots.Plot:
    weeks = rules.weekly(days)
    return plots.line(
        [(f"{monday:%m-%d}", rules.share(counts)) for monday, counts in weeks], most=1
    )


def _weekly_error(days: tuple[Day, ...]) -> plots.Plot:
    weeks = rules.weekly(days)
    values = [(f"{monday:%m-%d}", rules.calibration_error(counts)) for monday, counts in weeks]
    return plots.line(values, most=0.2)
