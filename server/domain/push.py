"""Waking a phone that sleeps: which events do, what they say, and where a push may go.

A push travels through the push service of the browser's maker, so its words hold nothing
personal, and only hosts that the site allows are ever called.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from server.domain.errors import Invalid
from server.domain.views import TimelineEvent

WORDS: Mapping[str, str] = {
    "case_assigned": "有新警情，请签收",
    "assignment_ended": "警情已转出，请看手机",
    "police_answered": "公安对联动警情有回话，请看手机",
    "police_silent": "公安还没有确认联动，不要单独进门",
    "police_unreached": "联动警情没有送达公安，不要单独进门",
}
RECALLED = "请离开现场，看手机"
_SILENT_ENDS = frozenset({"closed"})
MAX_FAILURES = 20
"""In a row; then the subscription goes, and the phone makes a new one when it is opened."""
MAX_ENDPOINT = 1000


def wakes(event: TimelineEvent) -> str | None:
    """What the unit's phones are told of an event, or None."""
    if event.unit_id is None or event.body.get("why") in _SILENT_ENDS:
        return None
    recalled = event.kind == "assignment_ended" and event.body.get("why") == "recalled"
    return RECALLED if recalled else WORDS.get(event.kind)


def check_endpoint(endpoint: str, hosts: Collection[str]) -> str:
    """The endpoint itself. Raises Invalid when its host is none of the site's.

    Without this a signed-in phone could make the server call any address.
    """
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    if not any(host == allowed or host.endswith(f".{allowed}") for allowed in hosts):
        raise Invalid("endpoint", "推送服务不在允许的名单里，请联系管理员")
    if parts.scheme != "https" and not _is_loopback(host):
        raise Invalid("endpoint", "推送服务须用HTTPS")
    if len(endpoint) > MAX_ENDPOINT:
        raise Invalid("endpoint", "地址过长")
    return endpoint


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
