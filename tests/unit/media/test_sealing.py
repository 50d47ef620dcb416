from __future__ import annotations

import pytest

from modstation.media.sealing import OVERHEAD_BYTES, SealBroken, Sealer, open_sealed

SALT = bytes(32)
BODY = b"a picture" * 100


@pytest.fixture
def sealer() -> Sealer:
    return Sealer("secret", SALT)


def test_an_image_opens_with_its_own_key_alone(sealer: Sealer) -> None:
    image = sealer.seal("image/upload/a", "review", BODY)
    assert len(image.sealed) == len(BODY) + OVERHEAD_BYTES
    key = sealer.unwrap("image/upload/a", "review", len(BODY), image.wrapped_key)
    assert open_sealed("image/upload/a", "review", image.sealed, key) == BODY
    assert key not in image.wrapped_key
    assert BODY[:9] not in image.sealed


def test_two_images_never_share_a_key(sealer: Sealer) -> None:
    first, second = (sealer.seal("image/upload/a", "review", BODY) for _ in range(2))
    assert first.sealed != second.sealed
    key = sealer.unwrap("image/upload/a", "review", len(BODY), first.wrapped_key)
    with pytest.raises(SealBroken):
        open_sealed("image/upload/a", "review", second.sealed, key)


@pytest.mark.parametrize(
    ("asset_key", "rendition", "length"),
    [
        ("image/upload/b", "review", len(BODY)),
        ("image/upload/a", "original", len(BODY)),
        ("image/upload/a", "review", len(BODY) + 1),
    ],
)
def test_a_key_moved_to_another_row_does_not_unwrap(
    sealer: Sealer, asset_key: str, rendition: str, length: int
) -> None:
    image = sealer.seal("image/upload/a", "review", BODY)
    with pytest.raises(SealBroken):
        sealer.unwrap(asset_key, rendition, length, image.wrapped_key)


@pytest.mark.parametrize("damage", ["cut", "flip", "empty"])
def test_damaged_bytes_do_not_open(sealer: Sealer, damage: str) -> None:
    image = sealer.seal("image/upload/a", "review", BODY)
    key = sealer.unwrap("image/upload/a", "review", len(BODY), image.wrapped_key)
    flipped = bytes([image.sealed[0] ^ 1]) + image.sealed[1:]
    damaged = {"cut": image.sealed[:-1], "flip": flipped, "empty": b""}[damage]
    with pytest.raises(SealBroken):
        open_sealed("image/upload/a", "review", damaged, key)
    with pytest.raises(SealBroken):
        open_sealed("image/upload/a", "review", image.sealed, b"short")


def test_another_secret_or_salt_is_another_master_key(sealer: Sealer) -> None:
    image = sealer.seal("image/upload/a", "review", BODY)
    for other in (Sealer("other", SALT), Sealer("secret", b"x" * 32)):
        assert other.check_value != sealer.check_value
        with pytest.raises(SealBroken):
            other.unwrap("image/upload/a", "review", len(BODY), image.wrapped_key)
    assert Sealer("secret", SALT).check_value == sealer.check_value
