from __future__ import annotations

import pytest

from helpers.assets import make_asset
from modstation.core.assets import MachineLabel
from modstation.core.protection import NO_FLOOR, Floor, Protection, is_protected


def labelled(confidence: float, threshold: float | None = None) -> MachineLabel:
    return MachineLabel("Explicit", confidence, threshold=threshold)


@pytest.mark.parametrize(
    ("choice", "label", "policy", "covered"),
    [
        (Protection.AUTO, None, False, False),
        (Protection.AUTO, None, True, True),
        (Protection.AUTO, labelled(50.0), False, False),
        (Protection.AUTO, labelled(50.1), False, True),
        (Protection.AUTO, labelled(80.0, threshold=90.0), False, False),
        (Protection.AUTO, labelled(20.0, threshold=10.0), False, True),
        (Protection.ALWAYS, None, False, True),
        (Protection.NEVER, labelled(99.0), True, False),
    ],
)
def test_what_starts_covered(
    choice: Protection, label: MachineLabel | None, policy: bool, covered: bool
) -> None:
    asset = make_asset(1, labels=[label] if label else [])
    assert is_protected(asset, choice, policy_protects=policy) is covered


def test_a_threshold_of_ones_own_counts_before_the_machines() -> None:
    asset = make_asset(1, labels=[labelled(60.0, threshold=50.0)])
    assert not is_protected(asset, Protection.AUTO, thresholds={"explicit": 70.0})
    assert is_protected(asset, Protection.AUTO, thresholds={"explicit": 30.0})


NEVER, AUTO, ALWAYS = Protection.NEVER, Protection.AUTO, Protection.ALWAYS


@pytest.mark.parametrize(
    ("asked", "chosen", "counts"),
    [
        (NEVER, NEVER, NEVER),
        (NEVER, ALWAYS, ALWAYS),
        (AUTO, NEVER, AUTO),
        (AUTO, ALWAYS, ALWAYS),
        (ALWAYS, NEVER, ALWAYS),
        (ALWAYS, AUTO, ALWAYS),
    ],
)
def test_a_floor_lets_a_person_cover_more_but_not_less(
    asked: Protection, chosen: Protection, counts: Protection
) -> None:
    assert Floor(asked).protection_of(chosen) is counts


def test_two_floors_are_kept_both() -> None:
    both = Floor(AUTO, 3, True).raised_to(Floor(ALWAYS, 2, False))
    assert both == Floor(ALWAYS, 3, True)
    assert Floor(AUTO, 3, True).raised_to(NO_FLOOR) == Floor(AUTO, 3, True)
