import io
from collections import Counter

import pytest
from PIL import Image

from modstation.cli.demo import tally
from modstation.cli.demo_service import DemoService
from modstation.cli.final_states import final_states
from modstation.core.assets import ModerationStatus
from modstation.core.errors import NotAnImage, Unreachable
from modstation.core.shipped import resources
from modstation.media.sample_photos import photo_files, sample_photos

APPROVED, REJECTED = ModerationStatus.APPROVED, ModerationStatus.REJECTED


@pytest.mark.parametrize(
    ("decided", "found", "lost", "mismatched"),
    [
        ({}, {"a": "pending", "b": "pending"}, (), ()),
        ({"a": APPROVED}, {"a": "approved", "b": "pending"}, (), ()),
        ({"a": APPROVED}, {"a": "pending", "b": "pending"}, ("a",), ()),
        ({"a": APPROVED}, {"a": "rejected", "b": "pending"}, (), ("a",)),
        ({"a": APPROVED}, {"b": "pending"}, ("a",), ()),
        ({}, {"a": "approved", "b": "pending"}, (), ("a",)),
        ({}, {"a": "pending"}, (), ("b",)),
        ({"stranger": REJECTED}, {"a": "pending", "b": "pending"}, ("stranger",), ()),
        (
            {"stranger": REJECTED},
            {"a": "pending", "b": "pending", "stranger": "rejected"},
            (),
            ("stranger",),
        ),
    ],
)
def test_every_image_is_as_wanted_or_lost_or_mismatched(decided, found, lost, mismatched):
    compared = tally(["a", "b"], decided, found)

    assert (compared.lost, compared.mismatched) == (lost, mismatched)
    assert compared.whole is not bool(lost or mismatched)


def test_photos_are_multiplied_into_different_ones_the_same_every_time():
    files = photo_files(resources() / "demo")
    count = 2 * len(files) + 3

    photos = list(sample_photos(files, count))

    assert [photo.body for photo in photos] == [photo.body for photo in sample_photos(files, count)]
    assert len({photo.public_id for photo in photos}) == count
    assert max(Counter(photo.body for photo in photos).values()) == 1
    for photo in photos:
        with Image.open(io.BytesIO(photo.body)) as picture:
            picture.load()


def test_the_first_round_is_the_files_as_they_are():
    files = photo_files(resources() / "demo")

    first = next(sample_photos(files, 1))

    assert first.body == files[0].read_bytes()


def test_a_folder_without_photos_is_said(tmp_path):
    (tmp_path / "notes.txt").write_text("no photo")

    with pytest.raises(NotAnImage, match="no photos"):
        photo_files(tmp_path)


def test_a_file_that_is_no_picture_is_named(tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"not a picture")

    with pytest.raises(NotAnImage, match=r"broken\.jpg"):
        list(sample_photos(photo_files(tmp_path), 2))


def test_the_service_comes_back_with_all_it_knew(tmp_path):
    with DemoService(tmp_path / "service") as service:
        before = service.credentials
        states = final_states(before, ["nothing"], progress=lambda _steps: None)
        service.pause()
        with pytest.raises(Unreachable):
            final_states(before, ["nothing"], progress=lambda _steps: None)
        service.resume()

        assert service.credentials == before
        assert states == {"nothing": "gone"}
        assert final_states(before, ["nothing"], progress=lambda _steps: None) == states


def test_a_service_that_cannot_start_is_said_with_its_last_words(tmp_path):
    (tmp_path / "service").write_text("a file where the folder should be")

    with pytest.raises(Unreachable, match="did not start"), DemoService(tmp_path / "service"):
        pass


def test_without_a_screen_review_says_so(shell, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")

    for arguments in ([], ["review"]):
        ran = shell(*arguments)
        assert ran.code == 1
        assert "no screen" in ran.err
