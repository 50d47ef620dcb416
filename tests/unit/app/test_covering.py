from __future__ import annotations

import pytest

from modstation.app.covering import Covering
from modstation.core.errors import ReviewError
from modstation.core.protection import NO_FLOOR, Floor


def test_covers_grow_stronger_and_weaker_within_their_limits() -> None:
    covering = Covering(NO_FLOOR, blur=9, greyscale=False)
    assert [covering.change_blur(1), covering.change_blur(1)] == [10, 10]
    assert covering.change_blur(-9) == 1
    assert covering.change_blur(-1) == 1


def test_a_person_may_cover_more_than_the_organisation_asks_but_not_less() -> None:
    covering = Covering(Floor(blur=5), blur=2, greyscale=False)
    assert covering.strength == 5
    assert covering.change_blur(1) == 6
    assert covering.change_blur(-1) == 5
    with pytest.raises(ReviewError, match="at least 5"):
        covering.change_blur(-1)
    assert covering.strength == 5


def test_colour_stays_away_where_the_organisation_says_so() -> None:
    covering = Covering(Floor(greyscale=True), blur=6, greyscale=False)
    assert covering.grey
    with pytest.raises(ReviewError, match="without colour"):
        covering.toggle_grey()
    assert covering.grey


def test_settings_below_the_floor_do_not_count() -> None:
    covering = Covering(Floor(blur=8, greyscale=True), blur=10, greyscale=True)
    covering.choose(blur=1, greyscale=False)
    assert (covering.strength, covering.grey) == (8, True)


def test_every_view_is_told_once_of_a_change_and_of_nothing_else() -> None:
    covering = Covering(NO_FLOOR, blur=6, greyscale=False)
    told: list[bool] = []
    covering.listen(lambda: told.append(covering.hidden))
    covering.toggle_hidden()
    covering.choose(blur=6, greyscale=False)
    covering.toggle_hidden()
    assert told == [True, False]
