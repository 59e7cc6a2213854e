"""Web Push with the site's own key (VAPID, RFC 8292): wakes phones whose page is closed.

Off until ``push.hosts`` names push services the site can reach: a closed network has none, and
then an open page and its sound are the only call. Events are claimed before they are sent: a
worker that dies in between costs one buzz, never two, and the page shows the case all the same.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import structlog
from cryptography.hazmat.primitives import serialization
from py_vapid import Vapid
from py_vapid.utils import b64urlencode
from sqlalchemy.exc import IntegrityError

from server.domain import push as rules
from server.domain.errors import NotAllowed
from server.domain.roles import Actor
from server.domain.views import TimelineEvent
from server.office import Office
from server.store import events
from server.store import push as store
from server.store.engine import reading, writing
from server.store.push import PushRow

KEY_FILE = "vapid.pem"
PAGE = 200
TIMEOUT_S = 5.0
LIFE_S = 300
"""A call older than this has been handed on; buzzing for it would only mislead."""
_GONE = frozenset({404, 410})

log = structlog.get_logger()


def public_key(office: Office) -> str | None:
    """What a browser needs to subscribe; None while the site allows no push service."""
    if not office.settings.push.hosts:
        return None
    point = _vapid(office.home).public_key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return str(b64urlencode(point))


def subscribe(office: Office, *, endpoint: str, p256dh: str, auth: str, actor: Actor) -> None:
    """Remember where this phone is woken. Raises Invalid for a host the site does not allow."""
    if actor.unit_id is None:
        raise NotAllowed("You belong to no unit; ask the administrator to give you one.")
    rules.check_endpoint(endpoint, office.settings.push.hosts)
    kept = {"endpoint": endpoint, "p256dh": p256dh, "auth": auth}
    with writing(office.engine) as conn:
        store.put(
            conn,
            {
                "endpoint_key": office.vault.key("push", endpoint),
                "user_name": actor.name,
                "unit_id": actor.unit_id,
                "created_at": office.clock(),
                "subscription_sealed": office.vault.seal_json(kept),
            },
        )


def unsubscribe(office: Office, endpoint: str) -> None:
    with writing(office.engine) as conn:
        store.remove(conn, office.vault.key("push", endpoint))


def tell_phones(office: Office) -> int:
    """Push what happened since the last round; how many pushes were taken."""
    if not office.settings.push.hosts:
        return 0
    told = _claim(office)
    wanted = [(event, said) for event in told if (said := rules.wakes(event)) is not None]
    if not wanted:
        return 0
    with reading(office.engine) as conn:
        phones = store.of_units(conn, {str(event.unit_id) for event, _ in wanted})
    return sum(
        _send(office, phone, event, said)
        for event, said in wanted
        for phone in phones
        if phone.unit_id == event.unit_id
    )


def _claim(office: Office) -> list[TimelineEvent]:
    """Events nobody has told phones of; none when another worker was faster."""
    with reading(office.engine) as conn:
        before = store.told_up_to(conn)
        found = [] if before is None else events.after(conn, before, limit=PAGE)
        newest = events.last_number(conn)
    if before is None:
        _begin(office, newest)
        return []
    if not found:
        return []
    with writing(office.engine) as conn:
        return list(found) if store.advance(conn, before=before, after=found[-1].id) else []


def _begin(office: Office, newest: int) -> None:
    """The first round ever: what lies before it is history."""
    try:
        with writing(office.engine) as conn:
            store.start_at(conn, newest)
    except IntegrityError:  # another worker began at the same moment
        return


def _send(office: Office, phone: PushRow, event: TimelineEvent, said: str) -> int:
    # Not above: importing them opens a socket, and costs half a second that few sites need.
    from pywebpush import WebPushException, webpush
    from requests import RequestException

    kept = office.vault.open_json(phone.subscription_sealed)
    message = {"title": "小脑", "body": said, "tag": event.case_id or event.kind}
    try:
        webpush(
            subscription_info={
                "endpoint": kept["endpoint"],
                "keys": {"p256dh": kept["p256dh"], "auth": kept["auth"]},
            },
            data=json.dumps(message, ensure_ascii=False),
            vapid_private_key=_vapid(office.home),
            vapid_claims={"sub": office.settings.push.contact},
            ttl=LIFE_S,
            headers={"Urgency": "high"},
            timeout=TIMEOUT_S,
        )
    except (WebPushException, RequestException, ValueError) as error:
        _note_failure(office, phone, error)
        return 0
    if phone.failures:
        with writing(office.engine) as conn:
            store.note_result(conn, phone.endpoint_key, failures=0)
    return 1


def _note_failure(office: Office, phone: PushRow, error: Exception) -> None:
    answer = getattr(error, "response", None)
    status = getattr(answer, "status_code", None)
    dead = status in _GONE or phone.failures + 1 >= rules.MAX_FAILURES
    log.warning("push_failed", status=status, error=type(error).__name__, removed=dead)
    with writing(office.engine) as conn:
        if dead:
            store.remove(conn, phone.endpoint_key)
        else:
            store.note_result(conn, phone.endpoint_key, failures=phone.failures + 1)


def _vapid(home: Path) -> Vapid:
    """The site's key, made on first use, readable by its owner only."""
    path = home / KEY_FILE
    if not path.exists():
        _make(path)
    return Vapid.from_file(str(path))


def _make(path: Path) -> None:
    """Written under another name and linked, so that two starters agree on one key."""
    made = Vapid()
    made.generate_keys()
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(made.private_pem())
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
