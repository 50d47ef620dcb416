from __future__ import annotations

from modstation.app.look import Look
from modstation.core.decisions import Reveal


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
    assert look.peek(on=False, now=10.75)
    assert look.covered
    assert look.reveal() is Reveal.PEEK
    assert look.revealed_ms(20.0) == 750


def test_a_held_key_that_repeats_does_not_restart_the_peek() -> None:
    look = Look(protected=True)
    look.peek(on=True, now=10.0)
    assert not look.peek(on=True, now=10.5)
    look.peek(on=False, now=11.0)
    assert look.revealed_ms(11.0) == 1000


def test_latching_counts_until_the_decision() -> None:
    look = Look(protected=True)
    look.toggle_latch(5.0)
    assert look.reveal() is Reveal.LATCHED
    assert look.revealed_ms(7.0) == 2000
    look.toggle_latch(8.0)
    assert look.covered
    assert look.reveal() is Reveal.PEEK
    assert look.revealed_ms(60.0) == 3000


def test_a_peek_inside_a_latch_is_not_counted_twice() -> None:
    look = Look(protected=True)
    look.toggle_latch(5.0)
    look.peek(on=True, now=6.0)
    assert look.revealed_ms(9.0) == 4000


def test_a_covered_image_says_it_was_not_seen() -> None:
    look = Look(protected=True, painted_at=1.0)
    assert look.reveal() is Reveal.NONE
    assert look.dwell_ms(1.25) == 250
    assert look.revealed_ms(9.0) == 0
