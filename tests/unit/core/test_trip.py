"""Whether there is room for what is to be taken along, and what became of it."""

from __future__ import annotations

import pytest

from modstation.app.offline_trip import add_to
from modstation.core.outbox import OperationState as S
from modstation.core.trip import SPARE_BYTES, USUAL_BYTES, Estimate, TripSummary, rendition_bytes

MB = 1_000_000


@pytest.mark.parametrize(
    ("images", "needs", "free", "cache", "fits"),
    [
        (100, 80 * MB, 10_000 * MB, 1_000 * MB, 100),
        (1000, 800 * MB, 10_000 * MB, 400 * MB, 500),
        (1000, 1000 * MB, SPARE_BYTES + 100 * MB, 2_000 * MB, 100),
        (10, 10 * MB, 0, 1_000 * MB, 0),
    ],
)
def test_there_is_room_for_so_many(
    images: int, needs: int, free: int, cache: int, fits: int
) -> None:
    estimate = Estimate(images, needs, free, cache)
    assert estimate.fits == fits
    assert estimate.possible is (fits == images)


def test_nothing_to_take_is_no_trip() -> None:
    assert not Estimate(0, 0, 10_000 * MB, 1_000 * MB).possible


def test_a_large_original_is_fetched_as_a_review_rendition() -> None:
    assert rendition_bytes(None) == rendition_bytes(40 * MB) == USUAL_BYTES
    assert rendition_bytes(1000) == 1000


def test_decisions_of_a_trip_are_summed_up_by_what_became_of_them() -> None:
    rows = [
        (S.DONE, None),
        (S.DONE, None),
        (S.CONFLICTED, "conflict"),
        (S.PARKED, "gone"),
        (S.PARKED, "refused"),
        (S.READY, None),
        (S.CANCELLED, "undone"),
    ]
    assert add_to(TripSummary(), rows) == TripSummary(2, 1, 1, 1, 1)
