from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.app.frame_pipeline import THUMBNAIL_BOX, Focus, FramePipeline
from modstation.core.errors import ImageDamaged, PictureMissing
from modstation.media.frames import DecodeFailed, DecodeRequest, Frame

if TYPE_CHECKING:
    from collections.abc import Sequence

STAGE = (800, 600)


class RecordingDecoder:
    def __init__(self) -> None:
        self.plan: list[DecodeRequest] = []
        self.giving_way = False

    def give_way(self, *, on: bool) -> None:
        self.giving_way = on

    def want(self, requests: Sequence[DecodeRequest]) -> None:
        self.plan = list(requests)

    @property
    def stage_keys(self) -> list[str]:
        return [request.asset_key for request in self.plan if request.box != THUMBNAIL_BOX]


class Desk:
    def __init__(self, byte_limit: int = 64 * 1024 * 1024) -> None:
        self.ready: list[str] = []
        self.thumbnails: list[str] = []
        self.decoder = RecordingDecoder()
        self.frames = FramePipeline(
            on_ready=self.ready.append, on_thumbnail=self.thumbnails.append, byte_limit=byte_limit
        )
        self.frames.attach(self.decoder)
        self.frames.resize(STAGE)

    def decode(self, key: str, box: tuple[int, int] = STAGE) -> Frame:
        request = next(
            request
            for request in self.decoder.plan
            if request.asset_key == key and request.box == box
        )
        return self.answer(request)

    def answer(self, request: DecodeRequest) -> Frame:
        width, height = min(request.box[0], 800), min(request.box[1], 600)
        frame = Frame(
            generation=request.generation,
            asset_key=request.asset_key,
            rendition=request.rendition,
            box=request.box,
            frame=0,
            width=width,
            height=height,
            stride=width * 4,
            pixels=memoryview(bytes(width * height * 4)),
            opaque=True,
            source_width=1600,
            source_height=1200,
            format="JPEG",
            frames=1,
            orientation=1,
        )
        self.frames.decoded(frame)
        return frame


def test_the_current_image_is_asked_for_first() -> None:
    desk = Desk()
    desk.frames.focus(Focus("b", ahead=("c", "d"), back=("a",)))
    assert desk.decoder.stage_keys == ["b", "c", "d", "a"]


def test_what_is_decoded_is_not_asked_for_again() -> None:
    desk = Desk()
    desk.frames.focus(Focus("a", ahead=("b",)))
    desk.decode("a")
    desk.decode("b")
    desk.frames.focus(Focus("b", ahead=("c",), back=("a",)))
    assert desk.decoder.stage_keys == ["c"]
    assert desk.ready == ["a", "b"]


def test_frames_far_behind_are_dropped() -> None:
    desk = Desk()
    desk.frames.focus(Focus("a", ahead=("b",)))
    desk.decode("a")
    desk.frames.focus(Focus("b"))
    assert desk.frames.frame("a") is None


def test_a_frame_of_the_old_size_is_shown_until_the_new_one_is_there() -> None:
    desk = Desk()
    desk.frames.focus(Focus("a"))
    old = desk.decode("a")
    desk.frames.resize((1600, 1200))
    assert desk.frames.frame("a") is old
    assert desk.decoder.stage_keys == ["a"]
    new = desk.decode("a", (1600, 1200))
    assert desk.frames.frame("a") is new


def test_a_late_frame_of_an_older_size_is_dropped() -> None:
    desk = Desk()
    desk.frames.focus(Focus("a"))
    late = desk.decoder.plan[0]
    desk.frames.resize((1600, 1200))
    desk.answer(late)
    assert desk.frames.frame("a") is None


def test_a_late_frame_of_an_entry_that_is_gone_is_dropped() -> None:
    desk = Desk()
    desk.frames.focus(Focus("a"))
    late = desk.decoder.plan[0]
    desk.frames.focus(Focus("z"))
    desk.answer(late)
    assert desk.frames.frame("a") is None
    assert desk.ready == []


def test_an_image_that_is_not_here_yet_is_asked_for_when_it_arrives() -> None:
    desk = Desk()
    desk.frames.focus(Focus("a", ahead=("b",)))
    desk.frames.missing("a", "review")
    desk.frames.focus(Focus("a", ahead=("b",)))
    assert desk.decoder.stage_keys == ["b"]
    desk.frames.image_cached("a", "review")
    assert desk.decoder.stage_keys == ["a", "b"]


def test_an_image_that_arrived_while_it_was_being_looked_for_is_found_on_the_second_look() -> None:
    desk = Desk()
    desk.frames.focus(Focus("a"))
    request = desk.decoder.plan[0]
    desk.frames.image_cached("a", "review")
    desk.frames.missing("a", "review")
    gone = PictureMissing("The image is not on this machine.")
    desk.frames.decoded(DecodeFailed(request.generation, "a", "review", STAGE, 0, gone))
    assert desk.frames.frame("a") is None
    desk.frames.look_again()
    assert desk.decoder.stage_keys == ["a"]


def test_an_image_that_arrived_between_looking_and_the_answer_is_asked_for_again() -> None:
    desk = Desk()
    desk.frames.focus(Focus("a"))
    request = desk.decoder.plan[0]
    desk.frames.missing("a", "review")
    desk.frames.image_cached("a", "review")
    desk.decoder.plan = []
    gone = PictureMissing("The image is not on this machine.")
    desk.frames.decoded(DecodeFailed(request.generation, "a", "review", STAGE, 0, gone))
    assert desk.frames.frame("a") is None
    assert desk.decoder.stage_keys == ["a"]


def test_every_pixel_of_an_image_that_is_left_comes_too_late() -> None:
    desk = Desk()
    desk.frames.focus(Focus("a", ahead=("b",)))
    desk.decode("a")
    desk.frames.detail("a", "review")
    request = next(request for request in desk.decoder.plan if request.box > STAGE)
    desk.frames.focus(Focus("b", back=("a",)))
    stage = desk.frames.frame("a")
    desk.answer(request)
    assert desk.frames.frame("a") is stage
    assert desk.frames.detail_frame("a") is None


def test_every_pixel_of_the_review_rendition_does_not_stand_for_the_original() -> None:
    desk = Desk()
    desk.frames.focus(Focus("a"))
    desk.decode("a")
    desk.frames.detail("a", "review")
    late = next(request for request in desk.decoder.plan if request.box > STAGE)
    desk.frames.detail("a", "original")
    original = next(request for request in desk.decoder.plan if request.rendition == "original")
    shown = desk.answer(original)
    desk.answer(late)
    assert desk.frames.detail_frame("a") is shown


def test_a_purged_image_is_neither_asked_for_nor_taken_again() -> None:
    desk = Desk()
    desk.frames.focus(Focus("a", ahead=("b",)), strip=("a", "b"))
    late = desk.decoder.plan[0]
    desk.frames.purge("a")
    assert all(request.asset_key == "b" for request in desk.decoder.plan)
    desk.answer(late)
    assert desk.frames.frame("a") is None
    assert desk.frames.purged("a")


def test_a_replaced_upload_is_not_shown_any_more_once_its_new_picture_is_here() -> None:
    desk = Desk()
    desk.frames.focus(Focus("a"))
    desk.decode("a")
    assert desk.frames.image_cached("a", "review")
    assert desk.frames.frame("a") is None
    assert desk.decoder.stage_keys == ["a"]
    desk.decode("a")
    assert not desk.frames.image_cached("a", "original")
    assert desk.frames.frame("a") is not None


def test_another_upload_under_the_same_key_takes_the_old_picture_off_the_stage() -> None:
    desk = Desk()
    desk.frames.focus(Focus("a", ("b",)), (), {"a": "v1", "b": "v1"})
    desk.decode("a")
    desk.decode("b")
    desk.frames.focus(Focus("a", ("b",)), (), {"a": "v2", "b": "v1"})
    assert desk.frames.frame("a") is None
    assert desk.frames.frame("b") is not None
    assert next((r.asset_key, r.revision) for r in desk.decoder.plan) == ("a", "v2")


def test_what_a_worker_still_made_of_the_old_upload_is_dropped() -> None:
    desk = Desk()
    desk.frames.focus(Focus("a"), (), {"a": "v1"})
    old = desk.decoder.plan[0]
    desk.frames.focus(Focus("a"), (), {"a": "v2"})
    desk.answer(old)
    assert desk.frames.frame("a") is None


def test_a_damaged_image_is_asked_for_again_only_when_new_bytes_arrive() -> None:
    desk = Desk()
    desk.frames.focus(Focus("a"))
    request = desk.decoder.plan[0]
    desk.frames.decoded(
        DecodeFailed(request.generation, "a", "review", STAGE, 0, ImageDamaged("It ends too soon."))
    )
    desk.frames.focus(Focus("a"))
    assert desk.decoder.stage_keys == []
    desk.frames.image_cached("a", "review")
    assert desk.decoder.stage_keys == ["a"]


def test_pixels_stay_within_their_limit_and_the_current_one_is_always_kept() -> None:
    desk = Desk(byte_limit=3 * 800 * 600 * 4)
    desk.frames.focus(Focus("a", ahead=tuple("bcdefgh")))
    assert desk.decoder.stage_keys == ["a", "b", "c"]
    tiny = Desk(byte_limit=1)
    tiny.frames.focus(Focus("a", ahead=("b",)))
    assert tiny.decoder.stage_keys == ["a"]
    tiny.decode("a")
    assert tiny.frames.frame("a") is not None


def test_thumbnails_come_after_every_frame_of_the_stage() -> None:
    desk = Desk()
    desk.frames.focus(Focus("a", ahead=("b",)), strip=("a", "b"))
    boxes = [request.box for request in desk.decoder.plan]
    assert boxes == [STAGE, STAGE, THUMBNAIL_BOX, THUMBNAIL_BOX]
    desk.decode("a", THUMBNAIL_BOX)
    assert desk.thumbnails == ["a"]


def test_every_pixel_is_asked_for_on_zoom_and_let_go_with_the_image() -> None:
    desk = Desk()
    desk.frames.focus(Focus("a", ahead=("b",)))
    desk.decode("a")
    desk.frames.detail("a", "original")
    request = next(request for request in desk.decoder.plan if request.rendition == "original")
    detail = desk.answer(request)
    assert desk.frames.detail_frame("a") is detail
    desk.frames.focus(Focus("b", back=("a",)))
    assert desk.frames.detail_frame("a") is None


def test_a_purged_image_leaves_nothing_behind() -> None:
    desk = Desk()
    desk.frames.focus(Focus("a"), strip=("a",))
    desk.decode("a")
    desk.decode("a", THUMBNAIL_BOX)
    desk.frames.forget("a")
    assert desk.frames.frame("a") is None
    assert desk.frames.thumbnail("a") is None
