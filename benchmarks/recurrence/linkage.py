"""Linkage on made-up callers with known identity: recall, precision, by kind of noise, hardest.

python benchmarks/recurrence/linkage.py [--people 800] [--seed 7] [--own]
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[2] / "datasets")]

from identity.generate import EVERY, OWN, mentions  # noqa: E402

from server.domain.address import read_address  # noqa: E402
from server.domain.identity import Match, MatchRule, Verdict, choose  # noqa: E402
from server.domain.mentions import blocking_keys, mention_of  # noqa: E402
from server.domain.profiles import Mention, profile_of  # noqa: E402
from server.domain.voices import Voices, hear  # noqa: E402

Row = dict[str, str | None]
RULE = MatchRule()


@dataclass
class Linked:
    """``person_of``: mention to person found; ``asked``: (mention, person, match) left open."""

    person_of: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str, Match]] = field(default_factory=list)
    last: dict[str, tuple[frozenset[str], Match]] = field(default_factory=dict)
    """The mentions of whom each went best with when it came, and how well."""


def read(row: Row, *, deaf: bool = False) -> Mention:
    """``deaf``: as if the text said nothing of who speaks."""
    return mention_of(
        str(row["id"]),
        row["name"],
        Voices() if deaf else hear(str(row["text"])),
        str,
        phone=row["phone"],
        id_number=row["id_number"],
        spot=read_address(row["address"]),
    )


def link(
    rows: Iterable[Row], rule: MatchRule = RULE, *, answered: bool = False, deaf: bool = False
) -> Linked:
    """In order of arrival, as intake does it. ``answered``: every question is answered at once,
    and rightly."""
    found = Linked()
    by_key: dict[str, set[str]] = defaultdict(set)
    members: dict[str, list[Mention]] = defaultdict(list)
    truth: dict[str, str | None] = {}
    for row in rows:
        mention = read(row, deaf=deaf)
        truth[mention.id] = row["person"]
        keys = blocking_keys(mention)
        near = set().union(*(by_key[key] for key in keys)) if keys else set()
        chosen = choose(mention, {one: profile_of(members[one]) for one in near}, rule)
        person = mention.id
        if chosen and chosen.match.verdict is Verdict.LINKED:
            person = chosen.person
            for other in chosen.merge:
                _merge(found, members, by_key, other, person)
        elif chosen and chosen.match.verdict is Verdict.CONFIRM:
            found.asked.append((mention.id, chosen.person, chosen.match))
            if answered and truth[members[chosen.person][0].id] == row["person"]:
                person = chosen.person
        if chosen:
            with_whom = frozenset(one.id for one in members[chosen.person])
            found.last[mention.id] = (with_whom, chosen.match)
        found.person_of[mention.id] = person
        members[person].append(mention)
        for key in keys:
            by_key[key].add(person)
    return found


def _merge(
    found: Linked,
    members: dict[str, list[Mention]],
    by_key: dict[str, set[str]],
    other: str,
    person: str,
) -> None:
    for one in members.pop(other):
        members[person].append(one)
        found.person_of[one.id] = person
        for key in blocking_keys(one):
            by_key[key] = (by_key[key] - {other}) | {person}


def pair_scores(rows: list[Row], found: Linked) -> tuple[float, float]:
    """Recall and precision over pairs of mentions."""
    truth, told, both = Counter[str](), Counter[str](), Counter[tuple[str, str]]()
    for row in rows:
        person, mine = str(row["person"]), found.person_of[str(row["id"])]
        truth[person] += 1
        told[mine] += 1
        both[person, mine] += 1
    right = sum(n * (n - 1) for n in both.values())
    return right / sum(n * (n - 1) for n in truth.values()), right / max(
        sum(n * (n - 1) for n in told.values()), 1
    )


def by_noise(rows: list[Row], found: Linked) -> dict[str, tuple[int, float, float]]:
    """Per kind: pairs with such a mention, recall, precision."""
    groups: dict[str, list[Row]] = defaultdict(list)
    clusters: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[str(row["person"])].append(row)
        clusters[found.person_of[str(row["id"])]].append(row)
    hits, wanted, made = Counter[str](), Counter[str](), Counter[str]()
    for one, other in _pairs(groups.values()):
        same = found.person_of[str(one["id"])] == found.person_of[str(other["id"])]
        for noise in {str(one["noise"]), str(other["noise"])}:
            wanted[noise] += 1
            hits[noise] += same
    for one, other in _pairs(clusters.values()):
        for noise in {str(one["noise"]), str(other["noise"])}:
            made[noise] += 1
    return {n: (wanted[n], hits[n] / wanted[n], hits[n] / max(made[n], 1)) for n in sorted(wanted)}


def _pairs(groups: Iterable[list[Row]]) -> Iterable[tuple[Row, Row]]:
    return itertools.chain.from_iterable(itertools.combinations(group, 2) for group in groups)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=800)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--own", action="store_true", help="Only callers for themselves.")
    given = parser.parse_args()
    rows = list(mentions(given.people, given.seed, OWN if given.own else EVERY))
    found = link(rows)
    recall, precision = pair_scores(rows, found)
    helped = pair_scores(rows, link(rows, answered=True))
    deaf = pair_scores(rows, link(rows, deaf=True))
    print(
        f"{len(rows)} mentions of {given.people} people: "
        f"recall {recall:.4f}, precision {precision:.4f}"
    )
    print(f"{len(found.asked)} ({len(found.asked) / len(rows):.1%}) left to a person")
    print(f"with those answered: recall {helped[0]:.4f}, precision {helped[1]:.4f}")
    print(f"as if texts said nothing: recall {deaf[0]:.4f}, precision {deaf[1]:.4f}\n")
    print("| noise | pairs | recall | precision |\n|---|---|---|---|")
    for noise, (n, hit, right) in by_noise(rows, found).items():
        print(f"| {noise} | {n} | {hit:.3f} | {right:.3f} |")
    print(
        "\nThe hardest:\n\n| kind | truth | bits | compared | what is done |\n|---|---|---|---|---|"
    )
    for line in hardest(rows, found):
        print(line)


def hardest(rows: list[Row], found: Linked, most: int = 10) -> list[str]:
    """Of each kind, outcome and truth the pair nearest to a threshold; wrongly linked ones first,
    then missed ones, then those asked."""
    truth = {str(row["id"]): row for row in rows}
    best: dict[tuple[str, Verdict, bool], tuple[int, float, str]] = {}
    for mention, (others, match) in found.last.items():
        row = truth[mention]
        same = row["person"] in {truth[other]["person"] for other in others}
        wrong = same is (match.verdict is Verdict.NOT)
        if not (wrong or match.verdict is Verdict.CONFIRM):
            continue
        rank = {Verdict.LINKED: 0, Verdict.NOT: 1, Verdict.CONFIRM: 2}[match.verdict]
        near = min(abs(match.score - RULE.linked_from), abs(match.score - RULE.confirm_from))
        reasons = "，".join(f"{name} {bits:+.0f}" for name, bits in match.reasons)
        line = (
            f"| {row['noise']} | {'one' if same else 'two'} | {match.score:.1f} | {reasons} "
            f"| {match.verdict.value} |"
        )
        key = (str(row["noise"]), match.verdict, same)
        best[key] = min(best.get(key, (9, 0.0, "")), (rank, near, line))
    return [line for _, _, line in sorted(best.values())[:most]]


if __name__ == "__main__":
    main()
