from __future__ import annotations

import tomllib
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modstation.core.shipped import resources
from modstation.service.moderation.rekognition_limits import Label, limits_of, slug
from modstation.service.moderation.shares import NotValid

SWIM = "Swimwear or Underwear"
INTIMATE = "Non-Explicit Nudity of Intimate parts and Kissing"
SEED = "female_underwear:0.75:explicit_nudity:0.6:revealing_clothes:ignore"


def labels(text: str) -> list[Label]:
    """``name 80 < parent; name 80`` as an answer's labels."""
    found = []
    for part in text.split(";"):
        said, _, parent = part.partition("<")
        name, _, confidence = said.strip().rpartition(" ")
        found.append(Label(name, float(confidence), parent.strip()))
    return found


@pytest.mark.parametrize(
    ("options", "answer", "rejected"),
    [
        # The example of the seed, worked through (reference 5).
        (SEED, "Female Swimwear Or Underwear 80 < Suggestive; Suggestive 80", True),
        (SEED, "Female Swimwear Or Underwear 75 < Suggestive; Suggestive 75", False),
        (SEED, "Female Swimwear Or Underwear 75.1 < Suggestive; Suggestive 75.1", True),
        (SEED, "Explicit Nudity 60", False),
        (SEED, "Explicit Nudity 60.1", True),
        (SEED, "Nudity 61 < Explicit Nudity; Explicit Nudity 61", True),
        (SEED, "Nudity 60 < Explicit Nudity; Explicit Nudity 60", False),
        (SEED, "Revealing Clothes 99.9 < Suggestive; Suggestive 99.9", False),
        (SEED, "Suggestive 51", True),
        (SEED, "Middle Finger 51 < Rude Gestures; Rude Gestures 51", True),
        (SEED, "Middle Finger 50 < Rude Gestures; Rude Gestures 50", False),
        # One relaxed label does not excuse another beside it.
        (
            SEED,
            "Revealing Clothes 99 < Suggestive; Partial Nudity 51 < Suggestive; Suggestive 99",
            True,
        ),
        # The same in the words of version 7.
        (
            SEED,
            "Female Swimwear or Underwear 80 < Swimwear or Underwear; Swimwear or Underwear 80",
            True,
        ),
        (
            SEED,
            "Female Swimwear or Underwear 75 < Swimwear or Underwear; Swimwear or Underwear 75",
            False,
        ),
        (
            SEED,
            "Exposed Female Nipple 60 < Explicit Nudity; Explicit Nudity 60 < Explicit",
            False,
        ),
        (
            SEED,
            "Exposed Female Nipple 61 < Explicit Nudity; Explicit Nudity 61 < Explicit",
            True,
        ),
        (SEED, "Explicit Sexual Activity 60 < Explicit; Explicit 60", False),
        (
            SEED,
            f"Revealing Clothes 99 < {INTIMATE}; Bare Back 49 < {INTIMATE}; {INTIMATE} 99",
            False,
        ),
        (
            SEED,
            f"Partially Exposed Female Breast 99 < Non-Explicit Nudity; {INTIMATE} 49",
            False,
        ),
        (SEED, "Bare Back 51 < Non-Explicit Nudity; Non-Explicit Nudity 51", True),
        # Without options everything over one half rejects.
        (None, "Weapons 50 < Violence; Violence 50", False),
        (None, "Weapons 50.01 < Violence; Violence 50.01", True),
        # The order of the pairs does not matter, a child goes before its parent.
        ("violence:0.9:weapons:0.6", "Weapons 61 < Violence; Violence 61", True),
        ("weapons:0.6:violence:0.9", "Weapons 61 < Violence; Violence 61", True),
        ("violence:0.9:weapons:0.6", "Physical Violence 89 < Violence; Violence 89", False),
        # A parent with a limit of its own is judged also beside its labels.
        ("violence:0.3:weapons:ignore", "Weapons 80 < Violence; Violence 80", True),
        # The levels of version 7: a limit reaches down to the third.
        (
            "violence:0.9",
            "Blood & Gore 89 < Graphic Violence; Graphic Violence 9 < Violence",
            False,
        ),
        ("graphic_violence:0.2", "Blood & Gore 21 < Graphic Violence; Violence 21", True),
        ("explicit:0.9:explicit_nudity:0.6", "Explicit 80", False),
        ("explicit:0.9:explicit_nudity:0.6", "Explicit Nudity 80 < Explicit; Explicit 80", True),
        # What were two categories is relaxed only when both are.
        ("drugs:ignore", "Products 90 < Drugs & Tobacco; Drugs & Tobacco 90", True),
        ("drugs:ignore:tobacco:0.95", "Products 90 < Drugs & Tobacco; Drugs & Tobacco 90", False),
        ("drugs_tobacco:0.95", "Products 90 < Drugs & Tobacco; Drugs & Tobacco 90", False),
        # The same name on both levels.
        ("gambling:ignore", "Gambling 99 < Gambling; Gambling 99", False),
        ("gambling:0.7", "Gambling 71 < Gambling; Gambling 71", True),
        (None, "Gambling 49 < Gambling; Gambling 49", False),
    ],
)
def test_a_label_over_its_limit_rejects(options: str | None, answer: str, rejected: bool) -> None:
    assert (limits_of(options).rejected_by(labels(answer)) is not None) == rejected


@pytest.mark.parametrize(
    ("options", "least"),
    [
        (None, 50),
        (SEED, 50),
        ("violence:0.2:drugs:0.9", 20),
        ("violence:ignore", 50),
        ("violence:0", 0),
    ],
)
def test_rekognition_is_asked_for_what_the_lowest_limit_needs(
    options: str | None, least: float
) -> None:
    assert limits_of(options).least_confidence == pytest.approx(least)


@pytest.mark.parametrize(
    "options",
    [
        "explicit",  # people do write this
        "",
        "violence:",
        "violence:2",
        "violence:-0.1",
        "violence:1e-1",
        "violence:nan",
        "violence:0,5",
        "violence:IGNORE",
        "bananas:0.5",
        "Violence:0.5",
        "violence:0.5:",
        "violence:0.5:violence:0.6",
        "female_underwear:0.5:female_swimwear_or_underwear:0.6",
    ],
)
def test_what_means_nothing_is_refused(options: str) -> None:
    with pytest.raises(NotValid):
        limits_of(options)


def test_every_category_of_the_file_can_be_named() -> None:
    text = (resources() / "moderation" / "aws_rek.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    legacy = {*data["legacy"], *chain(*data["legacy"].values())}
    names = {*legacy, *data["current"], *data["aliases"]}
    for below in data["current"].values():
        names |= {*below, *chain(*below.values())}
    for name in names:
        assert limits_of(f"{name}:ignore").given
    # What replaces something is known, and so is what it replaces.
    assert set(data["was"]) <= names
    assert set(chain(*data["was"].values())) <= legacy


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("Female Swimwear Or Underwear", "female_swimwear_or_underwear"),
        ("Blood & Gore", "blood_gore"),
        ("Drugs & Tobacco", "drugs_tobacco"),
        ("Self-Harm", "self_harm"),
    ],
)
def test_a_label_is_written_as_a_category(name: str, category: str) -> None:
    assert slug(name) == category


@given(st.floats(0, 100, allow_nan=False), st.integers(0, 100))
def test_only_what_is_greater_than_the_limit_rejects(confidence: float, percent: int) -> None:
    limits = limits_of(f"weapons:{percent / 100:.2f}:violence:ignore")
    found = limits.rejected_by([Label("Weapons", confidence, "Violence")])
    assert (found is not None) == (confidence / 100 > percent / 100)
