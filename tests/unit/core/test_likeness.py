"""When two pictures are alike."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modstation.core.likeness import BAND_BYTES, BANDS, MATCH_DISTANCE, distance, probes

HASHES = st.binary(min_size=32, max_size=32)


def flipped(pdq: bytes, bits: set[int]) -> bytes:
    number = int.from_bytes(pdq)
    for bit in bits:
        number ^= 1 << bit
    return number.to_bytes(32)


@given(HASHES, st.sets(st.integers(0, 255), max_size=MATCH_DISTANCE))
def test_whatever_matches_is_found_by_one_of_the_probes(pdq: bytes, bits: set[int]) -> None:
    other = flipped(pdq, bits)
    assert distance(pdq, other) == len(bits)
    assert any(
        other[band * BAND_BYTES : (band + 1) * BAND_BYTES] in probes(pdq, band)
        for band in range(BANDS)
    )


@given(HASHES)
def test_a_band_is_probed_with_itself_and_every_single_bit_changed(pdq: bytes) -> None:
    for band in range(BANDS):
        found = probes(pdq, band)
        own = pdq[band * BAND_BYTES : (band + 1) * BAND_BYTES]
        assert sorted(distance(own, value) for value in found) == [0] + [1] * 16
        assert len(set(found)) == 17
