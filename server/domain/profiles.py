"""What one report says of a person, and what all of a person's reports say together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from server.domain.address import Spot
from server.domain.names import Name


@dataclass(frozen=True, slots=True)
class Mention:
    """What a report says of whose matter it is: its caller, or whom the caller speaks for.

    ``agent``: who told it for them, with the keyed hash of that number in ``agent_phone``;
    ``agent_key``: relation and number, where the same agent mostly speaks for the same person.
    ``others``: further people named, mostly whom the quarrel is with.
    """

    id: str
    phone: str | None = None
    id_number: str | None = None
    name: Name = field(default_factory=Name)
    spot: Spot | None = None
    agent: str | None = None
    agent_phone: str | None = None
    agent_key: str | None = None
    others: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """All that the mentions of one person said, each thing once. ``own_calls``: how many of them
    the person made."""

    calls_by_phone: Mapping[str, int] = field(default_factory=dict)
    id_numbers: frozenset[str] = frozenset()
    full_names: frozenset[str] = frozenset()
    surnames: frozenset[str] = frozenset()
    sexes: frozenset[str] = frozenset()
    spots: tuple[Spot, ...] = ()
    agent_keys: frozenset[str] = frozenset()
    other_names: frozenset[str] = frozenset()
    other_surnames: frozenset[str] = frozenset()
    own_calls: int = 0

    @property
    def only_told_of(self) -> bool:
        """Nobody but agents spoke of them, and none gave a whole name."""
        return not (self.own_calls or self.id_numbers or self.full_names)

    @property
    def homes(self) -> frozenset[str]:
        return frozenset(spot.key for spot in self.spots if spot.is_home)


def profile_of(mentions: Iterable[Mention]) -> Profile:
    every = list(mentions)
    return Profile(
        calls_by_phone=Counter(one.phone for one in every if one.phone),
        id_numbers=_said(one.id_number for one in every),
        full_names=_said(one.name.full for one in every),
        surnames=_said(one.name.surname for one in every),
        sexes=_said(one.name.sex for one in every),
        spots=tuple(dict.fromkeys(one.spot for one in every if one.spot)),
        agent_keys=_said(one.agent_key for one in every),
        other_names=_said(name.full for one in every for name in one.others),
        other_surnames=_said(name.surname for one in every for name in one.others),
        own_calls=sum(one.agent is None for one in every),
    )


def _said(values: Iterable[str | None]) -> frozenset[str]:
    return frozenset(value for value in values if value)


def join(one: Profile, other: Profile) -> Profile:
    return Profile(
        calls_by_phone=Counter(one.calls_by_phone) + Counter(other.calls_by_phone),
        id_numbers=one.id_numbers | other.id_numbers,
        full_names=one.full_names | other.full_names,
        surnames=one.surnames | other.surnames,
        sexes=one.sexes | other.sexes,
        spots=tuple(dict.fromkeys((*one.spots, *other.spots))),
        agent_keys=one.agent_keys | other.agent_keys,
        other_names=one.other_names | other.other_names,
        other_surnames=one.other_surnames | other.other_surnames,
        own_calls=one.own_calls + other.own_calls,
    )


def same_person(one: Profile, other: Profile) -> bool:
    """Nothing speaks against it, and an ID, or a whole name with a phone or a home, for it."""
    if _against(one, other):
        return False
    phones = set(one.calls_by_phone) & set(other.calls_by_phone)
    named = bool(one.full_names & other.full_names) and bool(one.homes & other.homes or phones)
    return bool(one.id_numbers & other.id_numbers) or named


def told_of_at_home(person: Profile, told: Profile, *, alone: bool) -> bool:
    """Whether whom agents told of without a whole name, at a person's door, is that person: by
    the surname, or nameless where the person is ``alone`` there."""
    if not (told.only_told_of and person.homes & told.homes) or _against(person, told):
        return False
    return bool(person.surnames & told.surnames) if told.surnames else alone


def _against(one: Profile, other: Profile) -> bool:
    return (
        _apart(one.id_numbers, other.id_numbers)
        or _apart(one.full_names, other.full_names)
        or _apart(one.surnames, other.surnames)
        or _apart(one.sexes, other.sexes)
    )


def _apart(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one and other) and not one & other
