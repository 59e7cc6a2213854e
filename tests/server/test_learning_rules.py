"""Opinions, drift, experiment, fairness: rules without a database."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from server.domain import drift, equity
from server.domain.experiment import (
    Arm,
    Ended,
    Plan,
    arm_of,
    gathered,
    look,
    may_stop,
    opened_route,
    wrong_route,
)
from server.domain.opinions import Opinion, Weight, current, kappa, shared, wants_second
from server.domain.wording import style_of
from triage.taxonomy import Label, Route

T0 = datetime(2026, 7, 1, tzinfo=UTC)
P, D, S = Label.POLICE, Label.DISPUTE, Label.SERVICE


def said(by: str, label: Label, minute: int, **changes: bool) -> Opinion:
    return Opinion(by, T0 + timedelta(minutes=minute), label, **changes)


def settles(by: str, label: Label) -> Opinion:
    return said(by, label, 0, adjudicates=True)


@pytest.mark.parametrize(
    ("opinions", "label", "weight", "conflict"),
    [
        ([said("a", P, 1)], P, Weight.SINGLE, False),
        ([said("a", P, 1), said("b", D, 2)], D, Weight.SINGLE, True),
        ([said("a", P, 1), said("b", P, 2), said("c", D, 3)], P, Weight.AGREED, False),
        ([said("a", P, 1), said("a", D, 2)], D, Weight.SINGLE, False),
        ([said("a", P, 1), said("b", P, 2), settles("c", D)], D, Weight.ADJUDICATED, False),
        ([said("x", S, 9, feedback=True), said("a", P, 1)], P, Weight.SINGLE, False),
        ([said("x", S, 9, feedback=True)], S, Weight.FEEDBACK, False),
    ],
)  # fmt: skip
def test_which_label_counts(
    opinions: Sequence[Opinion], label: Label, weight: Weight, conflict: bool
) -> None:
    now = current(opinions)
    assert now is not None
    assert (now.label, now.weight, now.conflict) == (label, weight, conflict)


def test_nothing_said_is_no_label() -> None:
    assert current([]) is None
    assert not wants_second("r", [], share=1.0)


def test_second_opinions_are_wanted_on_conflicts_and_a_share() -> None:
    split = [said("a", P, 1), said("b", D, 2)]
    assert wants_second("r", split, share=0.0)
    one = [said("a", P, 1)]
    asked = sum(wants_second(f"r{i}", one, share=0.1) for i in range(5000))
    assert 400 < asked < 600
    assert not wants_second("r", [said("x", P, 1, feedback=True)], share=1.0)


def test_kappa_of_cohens_own_kind_of_table() -> None:
    pairs = [("a", "a")] * 20 + [("a", "b")] * 5 + [("b", "a")] * 10 + [("b", "b")] * 15
    assert kappa(pairs) == pytest.approx(0.4)
    assert kappa([]) is None
    assert kappa([("a", "a")]) is None
    assert shared([[said("b", P, 1), said("a", D, 2)]]) == {("a", "b"): [("dispute", "police")]}


def test_psi_sees_a_shift_and_nothing_else() -> None:
    dice = random.Random(1)
    base = [dice.random() for _ in range(2000)]
    edges = drift.deciles(base)
    before = drift.binned(base, edges)
    same = drift.binned([dice.random() for _ in range(2000)], edges)
    moved = drift.binned([dice.random() ** 2 for _ in range(2000)], edges)
    assert drift.psi(before, same) < drift.CLEAR_AT
    assert drift.psi(before, moved) > drift.RAISE_AT


def test_alerts_do_not_flutter() -> None:
    alert, states = drift.Alert(), []
    for value in (0.3, 0.2, 0.3, 0.3, 0.2, 0.05, 0.2, 0.05, 0.05):
        alert = drift.looked(alert, value)
        states.append(alert.raised)
    assert states == [False, False, False, True, True, True, True, True, False]


def run(effect: float, seed: int) -> bool:
    """One whole experiment with its four looks; whether anything was found."""
    plan, dice = Plan(salt=str(seed), cases=800), random.Random(seed)
    data = {arm: {name: list[float]() for name in plan.outcomes} for arm in plan.arms}
    for number in range(4):
        for i in range(200 * number, 200 * (number + 1)):
            arm = arm_of(f"c{i}", plan)
            better = effect if arm is Arm.AUTO else 0.0
            data[arm]["minutes_to_arrival"].append(dice.lognormvariate(2, 0.5) * (1 - better))
            data[arm]["settled_on_spot"].append(float(dice.random() < 0.7))
            data[arm]["repeat_90d"].append(float(dice.random() < 0.12))
            data[arm]["wrong_route"].append(float(dice.random() < 0.05))
        effects = look(plan, data, number)
        if may_stop(effects, number):
            return any(found.found for found in effects)
    raise AssertionError("the last look always stops")


def test_no_effect_is_found_where_there_is_none() -> None:
    assert sum(run(0.0, seed) for seed in range(200)) <= 10


def test_a_planted_effect_is_found() -> None:
    assert sum(run(0.2, seed) for seed in range(40)) >= 36


def test_too_few_cases_prove_nothing() -> None:
    plan = Plan(salt="s")
    none = {arm: {name: [1.0] for name in plan.outcomes} for arm in plan.arms}
    assert not any(effect.found for effect in look(plan, none, 3))


def test_only_mild_matters_ever_wait_for_an_experiment() -> None:
    for arm in (Arm.SHADOW, Arm.SUGGEST):
        assert opened_route(arm, Route.MEDIATE) is Route.REVIEW
        assert opened_route(arm, Route.SERVICE) is Route.REVIEW
        for grave in (Route.POLICE, Route.JOINT, Route.REVIEW):
            assert opened_route(arm, grave) is grave
    assert opened_route(Arm.AUTO, Route.MEDIATE) is Route.MEDIATE


def ended(**changes: object) -> Ended:
    usual = {"arm": Arm.AUTO, "minutes": 9.0, "disposition": "settled_on_spot", "label": None}
    usual |= {"route": Route.MEDIATE, "handed_over": True, "again": None}
    return Ended(**(usual | changes))  # type: ignore[arg-type]


def test_outcomes_of_cases() -> None:
    plan = Plan(salt="s", arms=(Arm.SHADOW, Arm.AUTO))
    found = gathered(plan, [ended(), ended(minutes=None, disposition="to_police", again=True)])
    assert found[Arm.AUTO] == {
        "minutes_to_arrival": [9.0],
        "settled_on_spot": [1.0, 0.0],
        "repeat_90d": [1.0],
        "wrong_route": [0.0, 1.0],
    }
    assert found[Arm.SHADOW]["wrong_route"] == []
    assert wrong_route(ended(label=Label.POLICE))
    assert not wrong_route(ended(label=Label.DISPUTE))
    assert wrong_route(ended(label=Label.SERVICE))


def test_three_arms_are_each_held_against_the_first() -> None:
    plan = Plan(salt="s", arms=(Arm.SHADOW, Arm.SUGGEST, Arm.AUTO))
    values = {arm: {name: [0.0, 1.0] for name in plan.outcomes} for arm in plan.arms}
    effects = look(plan, values, 3)
    assert [effect.arm for effect in effects] == [Arm.SUGGEST] * 4 + [Arm.AUTO] * 4
    two = look(Plan(salt="s", arms=(Arm.SHADOW, Arm.AUTO)), values, 3)
    assert effects[0].high > two[0].high


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("侬快点来，楼上漏水漏得一塌糊涂了", "dialect"),
        ("楼上漏水", "short"),
        ("报警人称楼上住户半夜放音乐，上门说过两次没有用", "third_person"),
        ("我家楼上漏水把厨房吊顶泡坏了，说好赔偿又不认账", "plain"),
    ],
)
def test_styles_of_wording(text: str, style: str) -> None:
    assert style_of(text) == style


def cases(bias: float, seed: int) -> list[equity.Case]:
    dice, found = random.Random(seed), []
    for _ in range(3000):
        style = dice.choice(["plain", "plain", "dialect", "short", "third_person"])
        kind = dice.choice(["police", "dispute"])
        rate = (0.05 if kind == "police" else 0.5) + (bias if style == "dialect" else 0.0)
        area = f"area-{dice.randrange(6)}"
        found.append(equity.Case(kind, {"style": style, "area": area}, dice.random() < rate))
    return found


def test_an_injected_bias_is_flagged() -> None:
    flagged = [gap for gap in equity.gaps(cases(0.15, 1)) if gap.flagged]
    assert ("style", "dialect") in {(gap.trait, gap.group) for gap in flagged}


def test_fair_data_are_not_flagged() -> None:
    runs = [any(gap.flagged for gap in equity.gaps(cases(0.0, seed))) for seed in range(20)]
    assert sum(runs) <= 1


def test_a_tiny_group_says_nothing() -> None:
    few = [equity.Case("dispute", {"area": "x"}, hit=True) for _ in range(equity.LEAST - 1)]
    assert equity.gaps(few) == []
