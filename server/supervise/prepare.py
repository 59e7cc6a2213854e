"""Making a home folder usable: keys, tables, settings file, and what the parts share.

Runs as a process of its own before the parts start, so that the supervisor stays small.
"""

from __future__ import annotations

import os
from pathlib import Path

from server.config import SETTINGS_FILE, known_keys
from server.domain.credentials import new_secret
from server.domain.roles import Role
from server.office import Office
from server.services import accounts
from server.supervise import sealed
from server.supervise.sealed import BROKER_PASSWORD, EDGE_TOKEN

PRIVATE_FOLDER = 0o700
EDGE_TOKEN_NAME = "edge-agent"  # noqa: S105 - a name, not a secret


def make_home(home: Path) -> bool:
    """The folder and a settings file that shows every setting; True when it is new."""
    made = not home.exists()
    home.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    settings = home / SETTINGS_FILE
    if not settings.exists():
        settings.write_text(settings_template(), "utf-8")
    return made


def settings_template() -> str:
    """Every setting with its meaning and default, commented out."""
    lines = ["# Settings of this home folder. Remove the # before what you want to change."]
    last = ""
    for table, key, description, default in known_keys():
        if table != last:
            lines += ["", f"[{table}]"]
            last = table
        lines += [f"# {description}", f"# {key} = {toml_value(default)}"]
    return "\n".join(lines) + "\n"


def toml_value(value: object) -> str:
    """A default as TOML writes it; nothing is an empty text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    text = "" if value is None else str(value)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def share_secrets(office: Office) -> None:
    """The edge agent's token and broker password: made once, made anew when they fit no more."""
    kept = sealed.read(office.home, office.vault, sealed.PARTS_FILE)
    known = accounts.token(office, kept[EDGE_TOKEN]) if EDGE_TOKEN in kept else None
    if known is not None and known.role is Role.EDGE and BROKER_PASSWORD in kept:
        return
    accounts.revoke_tokens(office, EDGE_TOKEN_NAME)
    fresh = {
        EDGE_TOKEN: accounts.create_token(office, EDGE_TOKEN_NAME, Role.EDGE),
        BROKER_PASSWORD: new_secret(),
    }
    sealed.write(office.home, office.vault, sealed.PARTS_FILE, fresh)


def private_umask() -> None:
    """Whatever is made from now on belongs to this user alone."""
    os.umask(0o077)
