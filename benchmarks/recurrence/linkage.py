"""Linkage on made-up callers with known identity: recall, precision, by kind of noise, hardest.

python benchmarks/recurrence/linkage.py [--people 800] [--seed 7]
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

from identity.generate import mentions  # noqa: E402

from server.domain.address import read_address  # noqa: E402
from server.domain.identity import (  # noqa: E402
    Match,
    MatchRule,
    Mention,
    Verdict,
    blocking_keys,
    choose,
    profile_of,
)
from server.domain.names import read_name  # noqa: E402

Row = dict[str, str | None]
RULE = MatchRule()


@dataclass
class Linked:
    """``person_of``: mention to person found; ``asked``: (mention, person, match) left open."""

    person_of: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str, Match]] = field(default_factory=list)


def mention_of(row: Row) -> Mention:
    return Mention(
        str(row["id"]),
        row["phone"],
        row["id_number"],
        read_name(row["name"], row["name"]),
        read_address(row["address"]),
    )


def link(rows: Iterable[Row], rule: MatchRule = RULE) -> Linked:
    """In order of arrival, as intake does it."""
    found = Linked()
    by_key: dict[str, set[str]] = defaultdict(set)
    members: dict[str, list[Mention]] = defaultdict(list)
    for row in rows:
        mention = mention_of(row)
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
    given = parser.parse_args()
    rows = list(mentions(given.people, given.seed))
    found = link(rows)
    recall, precision = pair_scores(rows, found)
    print(
        f"{len(rows)} mentions of {given.people} people: "
        f"recall {recall:.4f}, precision {precision:.4f}"
    )
    print(f"{len(found.asked)} ({len(found.asked) / len(rows):.1%}) left to a person\n")
    print("| noise | pairs | recall | precision |\n|---|---|---|---|")
    for noise, (n, hit, right) in by_noise(rows, found).items():
        print(f"| {noise} | {n} | {hit:.3f} | {right:.3f} |")
    truth = {str(row["id"]): row for row in rows}
    print("\nHardest (nearest to the thresholds):")
    for mention, person, match in sorted(found.asked, key=lambda one: -one[2].score)[:10]:
        same = truth[mention]["person"] == truth[person]["person"]
        reasons = "，".join(f"{name} {bits:+.1f}" for name, bits in match.reasons)
        print(f"- {match.score:.1f} bits, {'one person' if same else 'two people'}: {reasons}")


if __name__ == "__main__":
    main()
