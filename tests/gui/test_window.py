"""The window around the image: panels, sheets, sizes, messages, full screen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget

from helpers.assets import make_asset, make_assets
from modstation.core.assets import MachineLabel
from modstation.core.events import Connection, ConnectionChanged
from modstation.core.pacing import Quota
from modstation.core.queue import Counts
from modstation.ui.wording import byte_size, duration, outbox_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.window import Desk


def texts(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


def test_the_panel_shows_what_is_known(sit_down: Callable[..., Desk]) -> None:
    created = datetime.now(UTC) - timedelta(hours=3, minutes=20, seconds=5)
    label = MachineLabel("Suggestive", 61.4, parent="Nudity", threshold=80.0)
    desk = sit_down([make_asset(1, created_at=created, labels=[label], tags=("holiday", "beach"))])
    desk.ready()
    desk.settle()
    shown = texts(desk.window.evidence).replace("\N{ZERO WIDTH SPACE}", "")
    for part in (
        "photos/0001",
        "public for 3 h 20 min",
        "1,280 × 960 px",
        "JPG, 120.0 kB",
        "holiday, beach",
    ):
        assert part in shown
    assert desk.window.evidence._chain.spoken == "manual pending"
    spoken = desk.window.evidence._bars.accessibleDescription()
    assert spoken == "Nudity › Suggestive 61 percent, threshold 80"


def test_foreign_text_is_never_rich_text(sit_down: Callable[..., Desk]) -> None:
    name = '<img src="file:///etc/passwd"><b>x</b>\u202e'
    desk = sit_down([make_asset(name)])
    desk.ready()
    desk.settle()
    shown = texts(desk.window.evidence).replace("\N{ZERO WIDTH SPACE}", "")
    assert '<img src="file:///etc/passwd"><b>x</b>\N{REPLACEMENT CHARACTER}' in shown


def test_the_panel_follows_the_image(desk: Desk) -> None:
    desk.press("a")
    shown = texts(desk.window.evidence).replace("\N{ZERO WIDTH SPACE}", "")
    assert "photos/0002" in shown


def test_i_hides_the_panel_and_gives_its_room_to_the_image(desk: Desk) -> None:
    before = desk.window.stage.width()
    desk.press("i")
    assert not desk.window.evidence.isVisible()
    assert desk.window.stage.width() > before
    desk.press("i")
    assert desk.window.evidence.isVisible()


def test_n_shows_the_note_even_when_the_panel_is_hidden(desk: Desk) -> None:
    desk.press("i", "n")
    assert desk.window.evidence.note.hasFocus()


@pytest.mark.parametrize(
    ("key", "part"),
    [
        ("?", "Rotate left"),
        ("h", "Open wounds, corpses"),
        ("F1", ""),
    ],
)
def test_a_key_opens_its_sheet_and_closes_it(desk: Desk, key: str, part: str) -> None:
    desk.press(key)
    assert desk.window.sheet is not None
    assert part in texts(desk.window.sheet)
    desk.press(key)
    assert desk.window.sheet is None
    assert desk.window.stage.hasFocus()


def test_the_sheet_of_keys_names_every_command(desk: Desk) -> None:
    from modstation.core.commands import COMMANDS

    desk.press("?")
    sheet = desk.window.sheet
    assert sheet is not None
    shown = {label.text() for label in sheet.findChildren(QLabel)}
    plain = [c.label for c in COMMANDS.values() if not c.name.startswith("reject-reason")]
    assert set(plain) <= shown
    assert "Reject: Nudity" in shown


def test_the_status_line_counts(desk: Desk) -> None:
    desk.press("a", "x")
    desk.settle()
    shown = desk.window.status.texts
    assert shown["connection"] == "Online"
    assert shown["outbox"] == "2 held"
    assert shown["waiting"] == "10 left"
    assert shown["decided"] == "2 decided"


def test_ctrl_s_posts_what_is_held(desk: Desk) -> None:
    desk.press("a", "Ctrl+S")
    assert desk.session.counts.ready == 1
    assert ("wake", None) in desk.network.asked
    assert "Posting 1" in desk.message


def test_f5_asks_the_service(desk: Desk) -> None:
    desk.network.asked.clear()
    desk.press("F5")
    assert ("wake", None) in desk.network.asked


def test_f11_shows_one_image_only(desk: Desk) -> None:
    desk.press("F11")
    assert desk.window.isFullScreen()
    assert not desk.window.evidence.isVisible()
    assert not desk.window.toolbar.isVisible()
    desk.ready()
    desk.press("a")
    assert len(desk.stored()) == 1
    desk.press("F11")
    assert desk.window.evidence.isVisible()


def test_what_is_wrong_with_the_settings_is_told_once(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(2, problems=("settings.toml: “blur” must be a whole number.",))
    desk.settle()
    assert "blur" in desk.message


def test_the_frames_are_asked_for_in_the_size_of_the_stage(desk: Desk) -> None:
    desk.window.resize(1000, 700)
    desk.settle()
    stage = desk.window.stage
    boxes = {request.box for request in desk.decoder.plan if request.box != (160, 120)}
    assert boxes <= {(stage.width(), stage.height())}
    desk.ready()


@pytest.mark.parametrize("size", [(900, 600), (1280, 800), (1920, 1080)])
def test_nothing_is_cut_off_at(sit_down: Callable[..., Desk], size: tuple[int, int]) -> None:
    desk = sit_down(3, size=size)
    desk.ready()
    desk.settle()
    assert (desk.window.width(), desk.window.height()) == size
    for button in desk.window.findChildren(QAbstractButton):
        if button.isVisible():
            assert button.width() >= button.minimumSizeHint().width(), button.text()
            assert button.visibleRegion().boundingRect() == button.rect(), button.text()


def test_everything_that_acts_has_a_name_for_screen_readers(desk: Desk) -> None:
    desk.settle()
    for widget in desk.window.findChildren(QAbstractButton):
        assert widget.accessibleName() or widget.text()
    for part in (desk.window.stage, desk.window.filmstrip, desk.window.evidence):
        assert part.accessibleName()
    assert "photos/0001" in desk.window.stage.accessibleDescription()


def test_a_click_in_the_filmstrip_looks_at_that_image(desk: Desk) -> None:
    desk.window.filmstrip.chosen.emit("image/upload/photos/0004")
    assert desk.current == "photos/0004"


NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("counts", "connection", "text"),
    [
        (Counts(), Connection.ONLINE, "All posted"),
        (Counts(held=3), Connection.ONLINE, "3 held"),
        (Counts(held=3, ready=12), Connection.ONLINE, "3 held · 12 to post"),
        (Counts(ready=1, in_flight=2), Connection.OFFLINE, "3 to post"),
        (Counts(conflicted=1), Connection.ONLINE, "1 conflict"),
        (Counts(conflicted=2, parked=4), Connection.ONLINE, "2 conflicts · 4 stuck"),
    ],
)
def test_the_outbox_is_told_in_words(counts: Counts, connection: Connection, text: str) -> None:
    assert outbox_text(counts, ConnectionChanged(connection), now=NOW) == text


def test_a_quota_says_when_the_outbox_will_be_empty() -> None:
    quota = Quota(limit=500, remaining=50, reset_at=NOW + timedelta(minutes=30))
    change = ConnectionChanged(Connection.ONLINE, quota=quota)
    text = outbox_text(Counts(ready=300), change, now=NOW)
    assert text.startswith("300 to post, done ")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (5, "less than a minute"),
        (60, "1 min"),
        (3 * 3600 + 1260, "3 h 21 min"),
        (2 * 3600, "2 h"),
        (50 * 3600, "2 d 2 h"),
    ],
)
def test_a_span_is_told_in_two_units(seconds: int, text: str) -> None:
    assert duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("count", "text"), [(999, "999 bytes"), (1500, "1.5 kB"), (2_345_678, "2.3 MB")]
)
def test_a_weight_is_told_in_the_unit_of_files(count: int, text: str) -> None:
    assert byte_size(count) == text


def test_a_long_queue_is_walked_to_its_end(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(make_assets(90), size=(900, 600))
    for _ in range(90):
        desk.ready()
        desk.press("a")
    assert desk.current is None
    assert len(desk.stored()) == 90


def test_fingerprints_are_thought_of_before_missing_pictures_are_asked_for_again(
    sit_down: Callable[..., Desk],
) -> None:
    # They wait until the decoders are idle, which these never are while a picture is missing.
    desk = sit_down(3, withheld=[make_asset(2).key])
    desk.ready()
    desk.frames.missing(make_asset(2).key, "review")
    plans: list[list[str]] = []

    class Fingerprints:
        def tick(self) -> None:
            plans.append([request.asset_key for request in desk.decoder.plan])

    desk.station._fingerprinting = Fingerprints()
    desk.decoder.plan = []
    desk.station.tick()
    assert plans == [[]]
    assert make_asset(2).key in {request.asset_key for request in desk.decoder.plan}
