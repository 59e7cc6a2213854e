"""Who is who: are two mentions in reports the same person? (Fellegi and Sunter, 1969)

Each thing that can be compared adds ``log2(m / u)``: how much likelier it is to look so among
mentions of one person than of two. What is unknown adds nothing. Three outcomes: linked, not, and
to be confirmed by a person. Keys are keyed hashes; of a name only the surname is known in clear.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import log2

from server.domain.address import Spot
from server.domain.names import Name, surname_share

ID_WORDS = ("身份证号相同", "身份证号不同")
PHONE_WORDS = ("电话相同", "电话不同")
NAME_WORDS = ("姓名相同", "姓名不同")


class Verdict(StrEnum):
    LINKED = "linked"
    CONFIRM = "confirm"
    NOT = "not"


@dataclass(frozen=True, slots=True)
class Mention:
    """What a report says of its caller."""

    id: str
    phone: str | None = None
    id_number: str | None = None
    name: Name = field(default_factory=Name)
    spot: Spot | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """All that the mentions of one person said, each thing once."""

    calls_by_phone: Mapping[str, int] = field(default_factory=dict)
    id_numbers: frozenset[str] = frozenset()
    full_names: frozenset[str] = frozenset()
    surnames: frozenset[str] = frozenset()
    sexes: frozenset[str] = frozenset()
    spots: tuple[Spot, ...] = ()


def profile_of(mentions: Iterable[Mention]) -> Profile:
    every = list(mentions)
    return Profile(
        calls_by_phone=Counter(one.phone for one in every if one.phone),
        id_numbers=_said(one.id_number for one in every),
        full_names=_said(one.name.full for one in every),
        surnames=_said(one.name.surname for one in every),
        sexes=_said(one.name.sex for one in every),
        spots=tuple(dict.fromkeys(one.spot for one in every if one.spot)),
    )


def _said(values: Iterable[str | None]) -> frozenset[str]:
    return frozenset(value for value in values if value)


@dataclass(frozen=True, slots=True)
class Match:
    """``score`` in bits; ``reasons`` are (what was compared and how it came out, bits)."""

    verdict: Verdict
    score: float
    reasons: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """``merge``: people who turn out to be the same as ``person``."""

    person: str
    match: Match
    merge: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MatchRule:
    """Bits of each outcome, and the two thresholds.

    A phone alone links (a number is mostly one person's); a shared phone with another full name
    does not. ``prior`` is what two mentions of one blocking key start with.
    """

    id_same: float = 24.0
    id_other: float = -40.0
    phone_same: float = 13.0
    phone_other: float = -4.0
    name_same: float = 11.0
    name_other: float = -16.0
    surname_other: float = -16.0
    sex_other: float = -9.0
    home_same: float = 6.0
    building_same: float = 4.0
    area_same: float = 1.5
    place_other: float = -1.5
    household: float = 2.0
    shared_phone: float = 2.0
    prior: float = -3.0
    margin: float = 2.0
    linked_from: float = 7.0
    confirm_from: float = 3.0


def compare(one: Mention, person: Profile, rule: MatchRule = MatchRule()) -> Match:
    """How well a mention goes with all that is known of a person."""
    place = _best_place(one.spot, person.spots, rule)
    phones = frozenset(person.calls_by_phone)
    parts = [
        _among(ID_WORDS, one.id_number, person.id_numbers, rule.id_same, rule.id_other),
        _among(PHONE_WORDS, one.phone, phones, rule.phone_same, rule.phone_other),
        *_names(one.name, person, rule, one_home=place[1] >= rule.home_same),
        place,
    ]
    reasons = tuple(part for part in parts if part[1])
    score = rule.prior + sum(bits for _, bits in reasons)
    return Match(_verdict(score, rule), score, reasons)


def choose(
    mention: Mention, people: Mapping[str, Profile], rule: MatchRule = MatchRule()
) -> Choice | None:
    """The person a mention goes best with, None when there is nobody to compare with.

    A phone that several people used speaks for each by their share of its calls. Two people who
    fit about equally well are never decided by a machine, unless the mention shows that they are
    one: then they are to be merged.
    """
    found = sorted(
        ((_shared(mention, person, people, rule), name) for name, person in people.items()),
        key=lambda pair: (-pair[0].score, pair[1]),
    )
    if not found:
        return None
    match, name = found[0]
    joined = join(people[name], profile_of([mention]))
    linked = [other for one, other in found[1:] if one.verdict is Verdict.LINKED]
    merge = tuple(other for other in linked if same_person(joined, people[other]))
    rivals = [one.score for one, other in found[1:] if other not in merge]
    close = bool(rivals) and match.score - rivals[0] < rule.margin
    if close and match.verdict is Verdict.LINKED:
        return Choice(name, replace(match, verdict=Verdict.CONFIRM))
    return Choice(name, match, merge if match.verdict is Verdict.LINKED else ())


def join(one: Profile, other: Profile) -> Profile:
    return Profile(
        calls_by_phone=Counter(one.calls_by_phone) + Counter(other.calls_by_phone),
        id_numbers=one.id_numbers | other.id_numbers,
        full_names=one.full_names | other.full_names,
        surnames=one.surnames | other.surnames,
        sexes=one.sexes | other.sexes,
        spots=tuple(dict.fromkeys((*one.spots, *other.spots))),
    )


def same_person(one: Profile, other: Profile) -> bool:
    """Nothing speaks against it, and an ID, or a whole name with a phone or a home, for it."""
    against = (
        _apart(one.id_numbers, other.id_numbers),
        _apart(one.full_names, other.full_names),
        _apart(one.surnames, other.surnames),
        _apart(one.sexes, other.sexes),
    )
    if any(against):
        return False
    homes = _homes(one) & _homes(other)
    phones = set(one.calls_by_phone) & set(other.calls_by_phone)
    named = bool(one.full_names & other.full_names) and bool(homes or phones)
    return bool(one.id_numbers & other.id_numbers) or named


def _apart(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one and other) and not one & other


def _homes(person: Profile) -> set[str]:
    return {spot.key for spot in person.spots if spot.is_home}


def _shared(
    mention: Mention, person: Profile, people: Mapping[str, Profile], rule: MatchRule
) -> Match:
    match = compare(mention, person, rule)
    mine = person.calls_by_phone.get(mention.phone or "", 0)
    every = sum(one.calls_by_phone.get(mention.phone or "", 0) for one in people.values())
    if not mine or mine == every:
        return match
    bits = log2(mine / every) * rule.shared_phone
    reasons = (*match.reasons, ("电话多人使用", bits))
    score = match.score + bits
    return Match(_verdict(score, rule), score, reasons)


def blocking_keys(mention: Mention) -> frozenset[str]:
    """Mentions that share none of these are never compared."""
    keys = {f"phone:{mention.phone}"} if mention.phone else set()
    if mention.id_number:
        keys.add(f"id:{mention.id_number}")
    if mention.name.full:
        keys.add(f"name:{mention.name.full}")
    if mention.spot and mention.spot.is_home:
        keys.add(f"home:{mention.spot.key}")
    elif mention.spot and mention.spot.building and mention.name.surname:
        keys.add(f"building:{mention.spot.area}|{mention.spot.building}|{mention.name.surname}")
    return frozenset(keys)


def _verdict(score: float, rule: MatchRule) -> Verdict:
    if score >= rule.linked_from:
        return Verdict.LINKED
    return Verdict.CONFIRM if score >= rule.confirm_from else Verdict.NOT


def _among(
    words: tuple[str, str], one: str | None, known: frozenset[str], same: float, differ: float
) -> tuple[str, float]:
    if one is None or not known:
        return "", 0.0
    return (words[0], same) if one in known else (words[1], differ)


def _names(
    one: Name, person: Profile, rule: MatchRule, *, one_home: bool
) -> list[tuple[str, float]]:
    """Under one roof a shared surname says little: families have it."""
    parts = []
    if one.full and person.full_names:
        parts.append(
            _among(NAME_WORDS, one.full, person.full_names, rule.name_same, rule.name_other)
        )
    elif one.surname and person.surnames:
        what, bits = _surname(one.surname, person.surnames, rule)
        parts.append((what, min(bits, rule.household) if one_home else bits))
    if one.sex and person.sexes and one.sex not in person.sexes:
        parts.append(("性别不同", rule.sex_other))
    return parts


def _surname(one: str, known: frozenset[str], rule: MatchRule) -> tuple[str, float]:
    """Sharing a rare surname says more than sharing a common one: ``log2(.98 / its share)``."""
    if one not in known:
        return "姓氏不同", rule.surname_other
    return "姓氏相同", log2(0.98 / surname_share(one))


def _best_place(one: Spot | None, known: tuple[Spot, ...], rule: MatchRule) -> tuple[str, float]:
    """People move and call from elsewhere, so the place that fits best counts."""
    found = [_places(one, spot, rule) for spot in known] if one else []
    return max(found, key=lambda part: part[1], default=("地址", 0.0))


def _places(one: Spot, other: Spot, rule: MatchRule) -> tuple[str, float]:
    if one.area != other.area:
        return "地址不同", rule.place_other
    if one.building and other.building and one.building != other.building:
        return "楼栋不同", rule.place_other
    if one.room and other.room:
        same = one.room == other.room
        return ("门牌相同", rule.home_same) if same else ("门牌不同", rule.place_other)
    known = one.building and other.building
    return ("楼栋相同", rule.building_same) if known else ("小区相同", rule.area_same)
