"""A report's words about people made into a mention, and the keys by which mentions meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from server.domain.address import Spot
from server.domain.names import Name, read_name
from server.domain.profiles import Mention
from server.domain.voices import CLOSE, Voices

Keyed = Callable[[str], str]
"""A whole name to its keyed hash."""


def mention_of(
    report_id: str,
    caller_name: str | None,
    voices: Voices,
    keyed: Keyed,
    *,
    phone: str | None,
    id_number: str | None,
    spot: Spot | None,
) -> Mention:
    """Of the caller; of whom they speak for when the text says so. ``phone`` and ``id_number``
    are keyed hashes, and the caller's: an agent's make nobody a party."""
    others = tuple(read_told(name, keyed) for name in voices.others)
    told = voices.party and read_told(voices.party, keyed)
    if voices.agent is None:
        name = read_told(caller_name, keyed)
        own = told if told and name == Name() else name
        return Mention(report_id, phone, id_number, own, spot, others=_but(others, own))
    party = told or Name()
    if voices.sex and party.sex is None:
        party = replace(party, sex=voices.sex)
    close = voices.agent in CLOSE and phone is not None
    return Mention(
        report_id,
        name=party,
        spot=spot,
        agent=voices.agent.value,
        agent_phone=phone,
        agent_key=f"{voices.relation or voices.agent.value}|{phone}" if close else None,
        others=_but(others, party),
    )


def read_told(name: str | None, keyed: Keyed) -> Name:
    plain = (name or "").replace(" ", "")
    return read_name(plain, keyed(plain) if plain else None)


def pair_key(mention: Mention) -> str | None:
    """Two surnames and the house they meet in, the same whoever of the two calls; None unless
    both and the house are known."""
    spot, own = mention.spot, mention.name.surname
    if spot is None or own is None or len(mention.others) != 1:
        return None
    other = mention.others[0].surname
    if other is None or not (spot.building or any(char.isdigit() for char in spot.area)):
        return None
    return "|".join((spot.area, spot.building or "", *sorted((own, other))))


def blocking_keys(mention: Mention) -> frozenset[str]:
    """Mentions that share none of these are never compared."""
    keys = {f"phone:{mention.phone}"} if mention.phone else set()
    if mention.id_number:
        keys.add(f"id:{mention.id_number}")
    if mention.agent_key:
        keys.add(f"agent:{mention.agent_key}")
    if mention.name.full:
        keys.add(f"name:{mention.name.full}")
    if mention.spot and mention.spot.is_home:
        keys.add(f"home:{mention.spot.key}")
    elif mention.spot and mention.spot.building and mention.name.surname:
        keys.add(f"building:{mention.spot.area}|{mention.spot.building}|{mention.name.surname}")
    return frozenset(keys)


def _but(others: tuple[Name, ...], own: Name) -> tuple[Name, ...]:
    """The others without the one whose matter it is: a text names the caller too."""
    return tuple(one for one in others if not (_is(one, own)))


def _is(one: Name, own: Name) -> bool:
    if one.full and own.full:
        return one.full == own.full
    return one.surname == own.surname and own.surname is not None
