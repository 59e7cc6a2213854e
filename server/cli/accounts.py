"""Accounts: people who sign in, and tokens of programs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from server.cli.common import home_option, keeper, office_of, table

STAFF = ("dispatcher", "mediator", "supervisor", "admin")
ROLES = ("intake", "edge", *STAFF)


@click.group()
def token() -> None:
    """Bearer tokens for programs."""


@token.command("create")
@home_option
@click.option("--role", type=click.Choice(ROLES), required=True, help="What it may do.")
@click.option("--name", help="Who uses it; the role if not said.")
@click.option("--unit", "unit_id", help="The unit, for the role mediator.")
def token_create(home: Path, role: str, name: str | None, unit_id: str | None) -> None:
    """Print a new bearer token, once.

    \b
    Example:
      xiaonao token create --role intake --name 110-dispatch
    """
    from server.domain.roles import Role
    from server.services import accounts

    by = keeper().name
    click.echo(
        accounts.create_token(office_of(home, make=True), name or role, Role(role), unit_id, by=by)
    )


@token.command("revoke")
@home_option
@click.argument("name")
def token_revoke(home: Path, name: str) -> None:
    """End all tokens of a name.

    \b
    Example:
      xiaonao token revoke 110-dispatch
    """
    from server.services import accounts

    click.echo(f"{accounts.revoke_tokens(office_of(home), name)} tokens revoked")


@click.group()
def user() -> None:
    """People who sign in to the pages."""


@user.command("add")
@home_option
@click.option("--role", type=click.Choice(STAFF), required=True, help="What they may do.")
@click.option("--unit", "unit_id", help="The unit, for the role mediator.")
@click.argument("name")
def user_add(home: Path, name: str, role: str, unit_id: str | None) -> None:
    """Add a person; asks for the password, or reads it from standard input.

    \b
    Example:
      xiaonao user add zhihui --role dispatcher
    """
    from server.domain.roles import Role
    from server.services import accounts

    office = office_of(home, make=True)
    accounts.create_user(office, name, _password(), Role(role), unit_id, by=keeper().name)
    click.echo(f"user {name} added")


@user.command("passwd")
@home_option
@click.argument("name")
def user_passwd(home: Path, name: str) -> None:
    """Set a new password; the person's sessions end.

    \b
    Example:
      xiaonao user passwd zhihui
    """
    from server.services import accounts

    office = office_of(home)
    accounts.set_password(office, name, _password())
    click.echo(f"password of {name} set")


@user.command("list")
@home_option
def user_list(home: Path) -> None:
    """Everybody who may sign in, one line each.

    \b
    Example:
      xiaonao user list
    """
    from server.services import accounts

    table(
        ("name", "role", "unit", "created_at"),
        ((u.name, u.role, u.unit_id, u.created_at) for u in accounts.users(office_of(home))),
    )


def _password() -> str:
    """Never an argument: those can be read in the process list and the shell's history."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")


COMMANDS = (token, user)
