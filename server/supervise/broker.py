"""The broker of one machine: Mosquitto where there is one, else the embedded one.

Mosquitto's defaults lose acknowledged messages (queue of 1,000, saved every 30 minutes), hence
the generated configuration. Its accounts are written from the store's hashes; a device may use
only its own topics.
"""

from __future__ import annotations

import getpass
import importlib.util
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from server.config import Settings
from server.domain.credentials import fits
from server.supervise import lock, sealed
from server.supervise.address import Address, parse
from server.supervise.errors import BrokerMissing
from server.supervise.part import Part, python
from server.supervise.probe import mqtt_fault, tcp_fault
from server.supervise.sealed import BROKER_PASSWORD
from server.vault import open_vault

EDGE_ACCOUNT = "xn-edge"
"""The agent's account; no device may take this name."""
BROKER_FOLDER = "broker"
_NAME = "broker"
_SBIN = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
_STOP_S = 1.0

ACL = f"""\
# Written by xiaonao; changes here are lost.
user {EDGE_ACCOUNT}
topic read xn/v1/#
topic read owntracks/#
topic write xn/v1/+/ack
topic write xn/v1/+/down

pattern readwrite xn/v1/%u/#
pattern readwrite owntracks/%u/#
"""

_CONFIG = """\
# Written by xiaonao; changes here are lost.
per_listener_settings false
user {user}
listener {port} {host}
allow_anonymous false
password_file {folder}/passwd
acl_file {folder}/acl
persistence true
persistence_location {folder}/
autosave_interval 30
max_inflight_messages 1000
max_queued_messages 1000000
max_queued_bytes 1073741824
set_tcp_nodelay true
persistent_client_expiration 14d
max_packet_size 2097152
log_dest stderr
log_type error
log_type warning
"""


@dataclass(frozen=True, slots=True)
class Account:
    """A name and its hash in Mosquitto's own format."""

    name: str
    secret_hash: str


def find_mosquitto() -> str | None:
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=os.pathsep.join(_SBIN))


def mosquitto(home: Path, listen: Address, *, binary: str, edge_password: str) -> Part:
    """Mosquitto with a generated configuration; ``write_accounts`` comes first."""
    folder = _folder(home)
    config = folder / "mosquitto.conf"
    _write(
        config,
        # The user is us: what `up` may read, its broker may read, and nobody else.
        _CONFIG.format(user=getpass.getuser(), port=listen.port, host=listen.host, folder=folder),
    )
    return Part(
        name=_NAME,
        command=(binary, "-c", str(config)),
        stop_s=_STOP_S,
        answers=lambda: mqtt_fault(listen, EDGE_ACCOUNT, edge_password) is None,
    )


def embedded(listen: Address) -> Part:
    """The broker that ships with us. Without accounts, so on loopback only. BrokerMissing."""
    if not listen.is_loopback:
        raise BrokerMissing(f"The embedded broker has no accounts and cannot face {listen.host}")
    if importlib.util.find_spec("iotcore") is None:
        raise BrokerMissing("There is no broker on this machine")
    return Part(
        name=_NAME,
        command=python("server.supervise.embedded:main", listen.host, str(listen.port)),
        stop_s=_STOP_S,
        answers=lambda: mqtt_fault(listen) is None,
    )


def write_accounts(folder: Path, accounts: Iterable[Account]) -> bool:
    """Bring password file and ACL up to date; True when something changed."""
    lines = sorted(f"{account.name}:{account.secret_hash}\n" for account in accounts)
    changed = [_write(folder / "passwd", "".join(lines)), _write(folder / "acl", ACL)]
    return any(changed)


def accounts_folder(home: Path) -> Path:
    return _folder(home)


def _folder(home: Path) -> Path:
    folder = home.absolute() / BROKER_FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _write(path: Path, text: str) -> bool:
    """Replace a private file as a whole, as the broker may read it at any moment.

    Who owned it keeps owning it: a broker of the system runs as another user.
    """
    before = path.stat() if path.exists() else None
    if before is not None and path.read_text("utf-8") == text:
        return False
    draft = path.with_name(f".{path.name}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    if before is not None and (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
        os.chown(draft, before.st_uid, before.st_gid)
    draft.replace(path)
    return True


def kept_hash(folder: Path, name: str, secret: str) -> str | None:
    """The hash an account has in the password file, if it still belongs to this secret."""
    path = folder / "passwd"
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        found, _, hashed = line.partition(":")
        if found == name and fits(secret, hashed):
            return hashed
    return None


def fault_of(home: Path, settings: Settings) -> tuple[bool, str]:
    """Whether the broker in use lets the agent in, and what to say about it."""
    if settings.mqtt.url:
        where = Address(settings.mqtt.host, settings.mqtt.port)
        name, secret = settings.mqtt.username, settings.mqtt.password.get_secret_value()
        if settings.mqtt.tls:
            return _told(where, tcp_fault(where))
        return _told(where, mqtt_fault(where, name, secret))
    running = lock.running_at(home)
    if running is None:
        return True, "none configured and nothing running; `xiaonao up` brings its own"
    where = parse(running["mqtt"])
    if running["accounts"] != "yes":
        return _told(where, mqtt_fault(where))
    kept = sealed.read(home, open_vault(home), sealed.PARTS_FILE)
    return _told(where, mqtt_fault(where, EDGE_ACCOUNT, kept.get(BROKER_PASSWORD, "")))


def _told(where: Address, fault: str | None) -> tuple[bool, str]:
    if fault is None:
        return True, f"{where} lets the agent in"
    return False, f"{where}: {fault}; check mqtt.url, the account and whether it runs"
