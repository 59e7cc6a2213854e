"""Signatures on the command line: ``xiaonao-triage sign | key``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from triage import signing
from triage.cli_home import HOME
from triage.cli_train import registry_of, show

BY = click.option("--by", required=True, help="Who decides; kept on record.")


@click.command("sign")
@click.argument("name")
@HOME
def sign_model(name: str, home: Path) -> None:
    """Answer for model NAME of this home: sign it, once its files are those of its manifest.

    What this home trains is signed by itself; this is for a model that came from elsewhere.

    Example: xiaonao-triage sign triage-2026.12.1
    """
    artefact = registry_of(home).find(name)
    signing.vouch(home, artefact.path, datetime.now(UTC))
    show({"signed": name, "key": signing.make_site_key(home / signing.FOLDER, _now()).id})


@click.group("key")
def key() -> None:
    """The key that signs this home's models, and the keys it trusts.

    Example: xiaonao-triage key show
    """


@key.command("show")
@HOME
def key_show(home: Path) -> None:
    """Print this home's public key and every key it trusts.

    Example: xiaonao-triage key show
    """
    folder = home / signing.FOLDER
    own = signing.make_site_key(folder, _now())
    known = [{"id": k.id, "since": k.since, "by": k.by} for k in signing.trusted(folder).values()]
    show({"id": own.id, "public": own.public, "trusted": known})


@key.command("rotate")
@BY
@HOME
def key_rotate(by: str, home: Path) -> None:
    """Make a new key, sign anew what the old one signed, trust the old one no more.

    Example: xiaonao-triage key rotate --by 李某某
    """
    fresh, names = signing.rotate(home, by, _now())
    show({"id": fresh.id, "signed_anew": names})


@key.command("trust")
@click.argument("public")
@BY
@HOME
def key_trust(public: str, by: str, home: Path) -> None:
    """Load models signed by another site, whose PUBLIC key its `key show` prints.

    Example: xiaonao-triage key trust BASE64 --by 李某某
    """
    added = signing.trust(home / signing.FOLDER, public, by, _now())
    show({"trusted": added.id})


def _now() -> datetime:
    return datetime.now(UTC)
