"""Every page there is. A route that is neither a page here nor named as no page fails a test."""

from __future__ import annotations

from flask import Flask

from server.domain.roles import ALLOWED, Role
from server.web.access import Access, need_of

PAGES: dict[str, tuple[str, ...]] = {
    "sign_in.login": ("/login",),
    "wall.wall": ("/", "/?rotate=20"),
    "console.console": ("/console", "/console?case={case}", "/console?case={grave}"),
    "console.case": ("/console/cases/{case}", "/console/cases/{grave}", "/console/cases/{ended}"),
    "console.report": ("/console/reports/{report}",),
    "agreeing.agreement": ("/console/cases/{ended}/agreement",),
    "search.search": ("/console/search", "/console/search?q=噪音", "/console/search?q=没有此词"),
    "search.all_cases": ("/console/cases", "/console/cases?status=closed"),
    "register.people": ("/console/register", "/console/register?state=settled"),
    "register.places": ("/console/register/places",),
    "register.identities": ("/console/register/identity",),
    "register.visits": ("/console/register/visits",),
    "persons.person": ("/console/register/person/{person}",),
    "people.all_units": ("/console/units",),
    "people.users": ("/console/users",),
    "devices.listed": ("/console/devices",),
    "devices.carriers": ("/console/devices/{device}/carriers",),
    "aftercare.tasks": ("/console/tasks",),
    "aftercare.all_agreements": ("/console/agreements",),
    "duty.roster": ("/console/duty",),
    "posts.posts": ("/console/posts", "/console/posts?count=6&minutes=8&share=90&speed=25"),
    "clocks.clocks": ("/console/clocks", "/console/clocks?by=hour"),
    "papers.period_report": ("/console/period", "/console/period?span=month"),
    "learning.labels_page": ("/console/labels",),
    "learning.models_page": ("/console/models",),
    "watching.page": ("/console/watch",),
    "effect.experiment_page": ("/console/experiment",),
    "effect.fairness_page": ("/console/fairness",),
    "oversight.events": ("/console/audit",),
    "oversight.traces": ("/console/audit/views",),
    "oversight.settings": ("/console/settings",),
    "kit.components": ("/console/kit",),
    "phone.phone": ("/m",),
    "phone.case": ("/m/cases/{running}", "/m/cases/{ended}"),
    "phone_acts.settings": ("/m/settings",),
}
"""Endpoint → its addresses; those with a ``{place}`` need an office with something in it."""

NO_PAGES = frozenset(
    {
        "openapi",
        "static",
        "frames.open_frame",
        "papers.case_document",
        "phone.number_again",
        "phone_acts.open_attachment",
        "tiles.tile",
    }
)
"""Files and programs' answers, beside the whole of ``api``, ``assets`` and ``ops``."""

FOR_PROGRAMS = ("api.", "assets.", "ops.")


def unlisted(app: Flask) -> set[str]:
    """Endpoints that answer GET and stand nowhere here, and listed ones that are gone."""
    there = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    pages = {name for name in there if not name.startswith(FOR_PROGRAMS)}
    return pages ^ (set(PAGES) | NO_PAGES)


def addresses(app: Flask, role: Role, known: dict[str, str]) -> list[str]:
    """Addresses of the pages of this role, with what is known filled in; the door is nobody's."""
    found = []
    for endpoint, patterns in PAGES.items():
        need = need_of(app, endpoint)
        if need is None or isinstance(need, Access) or role not in ALLOWED[need]:
            continue
        for pattern in patterns:
            try:
                found.append(pattern.format_map(known))
            except KeyError:
                continue
    return found
