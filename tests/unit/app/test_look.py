from __future__ import annotations

from modstation.app.look import Look, Shown
from modstation.core.decisions import Reveal


def peeked(look: Look, *, at: float, until: float) -> None:
    look.peek(on=True, now=at)
    look.painted(Shown.PICTURE, at)
    look.peek(on=False, now=until)
    look.painted(Shown.COVERED, until)


def test_an_unprotected_image_is_never_covered() -> None:
    look = Look(protected=False)
    assert not look.covered
    assert not look.peek(on=True, now=1.0)
    assert look.reveal() is Reveal.UNPROTECTED


def test_a_peek_lasts_while_the_key_is_held_and_its_time_is_counted() -> None:
    look = Look(protected=True)
    assert look.covered
    assert look.peek(on=True, now=10.0)
    assert not look.covered
    look.painted(Shown.PICTURE, 10.0)
    assert look.peek(on=False, now=10.75)
    assert look.covered
    assert look.reveal() is Reveal.PEEK
    assert look.revealed_ms(20.0) == 750


def test_a_key_that_uncovers_shows_nothing_before_it_is_painted() -> None:
    look = Look(protected=True)
    peeked_blind = look.peek(on=True, now=10.0)
    look.peek(on=False, now=12.0)
    assert peeked_blind
    assert not look.uncovered_once
    assert look.reveal() is Reveal.NONE
    assert look.revealed_ms(20.0) == 0


def test_a_held_key_that_repeats_does_not_restart_the_peek() -> None:
    look = Look(protected=True)
    look.peek(on=True, now=10.0)
    look.painted(Shown.PICTURE, 10.0)
    assert not look.peek(on=True, now=10.5)
    look.painted(Shown.PICTURE, 10.5)
    look.peek(on=False, now=11.0)
    assert look.revealed_ms(11.0) == 1000


def test_two_peeks_add_up() -> None:
    look = Look(protected=True)
    peeked(look, at=1.0, until=1.5)
    peeked(look, at=3.0, until=3.25)
    assert look.revealed_ms(9.0) == 750


def test_latching_counts_until_the_decision() -> None:
    look = Look(protected=True)
    look.toggle_latch(5.0)
    look.painted(Shown.PICTURE, 5.0)
    assert look.reveal() is Reveal.LATCHED
    assert look.revealed_ms(7.0) == 2000
    look.toggle_latch(8.0)
    assert look.covered
    assert look.reveal() is Reveal.PEEK
    assert look.revealed_ms(60.0) == 3000


def test_a_peek_inside_a_latch_is_not_counted_twice() -> None:
    look = Look(protected=True)
    look.toggle_latch(5.0)
    look.painted(Shown.PICTURE, 5.0)
    look.peek(on=True, now=6.0)
    look.painted(Shown.PICTURE, 6.0)
    assert look.revealed_ms(9.0) == 4000


def test_a_covered_image_says_it_was_not_seen() -> None:
    look = Look(protected=True)
    look.painted(Shown.COVERED, 1.0)
    assert look.reveal() is Reveal.NONE
    assert look.dwell_ms(1.25) == 250
    assert look.revealed_ms(9.0) == 0


def test_a_picture_that_follows_a_card_begins_anew() -> None:
    look = Look(protected=False)
    look.painted(Shown.CARD, 1.0)
    look.painted(Shown.PICTURE, 5.0)
    look.painted(Shown.PICTURE, 5.5)
    assert look.painted_for(6.0) == 1.0


def test_what_is_off_the_screen_begins_anew() -> None:
    look = Look(protected=True)
    look.toggle_latch(1.0)
    look.painted(Shown.PICTURE, 1.0)
    look.gone(3.0)
    assert look.painted_for(4.0) is None
    assert look.revealed_ms(4.0) == 2000
    look.painted(Shown.PICTURE, 5.0)
    assert look.revealed_ms(6.0) == 3000


def test_time_spent_at_another_window_is_no_time_of_looking() -> None:
    look = Look(protected=True)
    look.toggle_latch(1.0)
    look.painted(Shown.PICTURE, 1.0)
    look.look_away(away=True, now=2.0)
    look.painted(Shown.PICTURE, 5.0)
    assert look.revealed_ms(60.0) == 1000
    look.look_away(away=False, now=60.0)
    assert look.revealed_ms(60.5) == 1500


def test_what_was_painted_only_while_nobody_looked_was_not_seen() -> None:
    look = Look(protected=True, away=True)
    look.toggle_latch(1.0)
    look.painted(Shown.PICTURE, 1.0)
    assert not look.uncovered_once
    look.look_away(away=False, now=9.0)
    assert look.uncovered_once
    assert look.reveal() is Reveal.LATCHED
    assert look.revealed_ms(9.5) == 500


def test_coming_back_to_a_covered_image_counts_nothing() -> None:
    look = Look(protected=True)
    look.painted(Shown.COVERED, 1.0)
    look.look_away(away=True, now=2.0)
    look.look_away(away=False, now=3.0)
    assert look.revealed_ms(9.0) == 0
