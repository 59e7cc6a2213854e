"""Puts the pages on the application: blueprints, the words templates use, the page's own facts."""

from __future__ import annotations

from datetime import datetime, tzinfo
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Flask, request

from server.domain import masking
from server.domain.roles import Action
from server.domain.views import CaseView
from server.web import metrics, translation
from server.web.access import OFFICE, actor_or_none, current_office
from server.web.pages import (
    aftercare,
    agreeing,
    assets,
    casefile,
    clocks,
    console,
    console_actions,
    console_review,
    devices,
    duty,
    effect,
    joint,
    kept,
    kit,
    language,
    learning,
    lists,
    naming,
    navigation,
    oversight,
    papers,
    people,
    persons,
    phone,
    phone_acts,
    phrases,
    posts,
    promotion,
    search,
    sentences,
    tiles,
    timefmt,
    training,
    unit_traits,
    urgency,
    wall,
    watching,
    words,
)
from server.web.pages import register as register_pages
from server.web.translation import translate
from server.web.version import version_of_pages

PAGES = (
    assets,
    tiles,
    wall,
    console,
    console_actions,
    console_review,
    joint,
    casefile,
    search,
    people,
    duty,
    posts,
    unit_traits,
    aftercare,
    agreeing,
    oversight,
    papers,
    clocks,
    lists,
    language,
    kit,
    learning,
    training,
    promotion,
    watching,
    effect,
    phone,
    phone_acts,
    devices,
    register_pages,
    persons,
)
"""Modules with a ``blueprint``; a new page adds itself here and in ``navigation.ENTRIES``."""


def register(app: Flask) -> None:
    """Register every page; called once by the application factory."""
    office = app.extensions[OFFICE]
    for module in PAGES:
        app.register_blueprint(module.blueprint)
    assets.prepare(app.extensions, office.district)
    tiles.prepare(app.extensions, office, metrics.of(app))
    wall.prepare(app.extensions)
    posts.prepare(app.extensions)
    kept.prepare(app.extensions)
    naming.remember(app.extensions, naming.of_district(office.district))
    translation.register(app)
    _teach_words(app)
    _teach_time(app)
    app.context_processor(_facts)
    app.add_template_test(lambda term: term == words.WHOLE_MEANING, "whole_meaning")
    app.add_template_test(lambda address: navigation.is_here(address, request.path), "here")


def _teach_words(app: Flask) -> None:
    tables = {
        "label": words.LABELS,
        "route": words.ROUTES,
        "status": words.STATUSES,
        "unit_status": words.UNIT_STATUSES,
        "step": words.STEPS,
        "disposition": words.DISPOSITIONS,
        "verdict": words.VERDICTS,
        "police_state": words.POLICE_STATES,
        "police_answer": words.POLICE_ANSWERS,
        "recorded": words.RECORDED,
        "deadline_state": words.DEADLINE_STATES,
        "cue": words.CUES,
        "position_doubt": words.POSITION_DOUBTS,
        "doubt": words.DOUBTS,
        "band": words.RISK_BANDS,
        "role": words.ROLES,
        "join": words.JOIN_REASONS,
        "likeness": words.LIKENESSES,
    }
    for name, table in tables.items():
        app.add_template_filter(
            lambda key, table=table: translate(str(table.get(str(key), key or words.UNKNOWN))),
            f"zh_{name}",
        )
    app.add_template_global(register_pages.earlier_calls)
    app.add_template_global(persons.people_of)
    app.add_template_global(watching.alarms, "drift_alarms")
    app.add_template_global(joint.unheard, "police_unheard")
    app.add_template_filter(naming.short_id, "short_id")
    app.add_template_filter(masking.mask_phone, "masked_phone")
    app.add_template_filter(masking.spaced_phone, "spaced_phone")
    app.add_template_filter(words.category, "zh_category")
    app.add_template_filter(words.likelihood, "likelihood")
    app.add_template_filter(lambda code: translate(words.category(code)), "zh_category")
    app.add_template_filter(lambda share: translate(words.likelihood(share)), "likelihood")
    app.add_template_filter(phrases.driver, "driver")
    app.add_template_filter(naming.full_name, "case_name")
    app.add_template_filter(naming.wall_name, "wall_name")
    app.add_template_filter(lambda address: naming.place_names().address(address), "in_town")
    app.add_template_filter(_percent, "percent")


def _teach_time(app: Flask) -> None:
    app.add_template_filter(lambda at: timefmt.clock(at, _zone()), "clock")
    app.add_template_filter(lambda at: timefmt.day(at, _zone()), "day")
    app.add_template_filter(lambda at: timefmt.moment(at, _now(), _zone()), "moment")
    app.add_template_filter(lambda at: timefmt.span((_now() - at).total_seconds()), "ago")
    app.add_template_filter(timefmt.span, "span")
    app.add_template_filter(timefmt.countdown, "countdown")
    app.add_template_filter(timefmt.distance, "metres")


def _facts() -> dict[str, object]:
    """What every template may use."""

    def due_of(case: CaseView) -> urgency.Due | None:
        return urgency.next_due(case, _now())

    return {
        "me": actor_or_none(),
        "now": _now(),
        "now_hour": _now().astimezone(_zone()).hour,
        "place_name": current_office().district.name,
        "time_zone": str(_zone()),
        "event_kinds": sentences.KINDS,
        "labels": words.LABELS,
        "doubts": words.DOUBTS,
        "categories": words.CATEGORIES,
        "statuses": words.STATUSES,
        "routes": words.ROUTES,
        "dispositions": words.DISPOSITIONS,
        "refusals": words.REFUSALS,
        "police_answers": words.POLICE_ANSWERS,
        "join_reasons": words.JOIN_REASONS,
        "route_keys": words.ROUTE_KEYS,
        "can": {
            "see_console": Action.SEE_CONSOLE,
            "correct": Action.CORRECT,
            "assign": Action.ASSIGN,
            "act": Action.ACT_ON_CASE,
            "overrule": Action.OVERRULE,
            "take_file": Action.TAKE_FILE,
            "police": Action.SPEAK_FOR_POLICE,
            "acknowledge": Action.ACKNOWLEDGE_ALARM,
        },
        "due_of": due_of,
        "grave": urgency.GRAVE,
        "menu": navigation.menu,
        "app_version": version_of_pages(),
        "language": translation.language(),
        "languages": translation.LANGUAGES,
        "address_with": _address_with,
        "map_tiles": tiles.told_to_pages,
    }


def _address_with(**changes: str) -> str:
    """This page's address with some of its query changed; empty members are left out."""
    told = request.args.to_dict() | changes
    query = urlencode({name: value for name, value in told.items() if value})
    return f"{request.path}?{query}" if query else request.path


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{share * 100:.1f}%".replace(".0%", "%")


def _now() -> datetime:
    return current_office().clock()


def _zone() -> tzinfo:
    return ZoneInfo(current_office().settings.district.time_zone)
