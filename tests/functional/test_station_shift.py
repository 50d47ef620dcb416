"""A whole shift by keyboard: what the service has in the end is what was meant, one by one."""

from __future__ import annotations

import csv
import io
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import pytest
from PIL import Image
from PySide6.QtWidgets import QComboBox, QFileDialog

from helpers.live_service import LiveService, picture
from helpers.live_window import LiveWindow
from modstation.app.outbox_verbs import UNSENT
from modstation.cli.main import run
from modstation.core.assets import ModerationStatus
from modstation.core.protection import Protection
from modstation.core.shipped import resources
from modstation.ui.group_sheet import GroupSheet
from modstation.ui.lists_sheet import EscalateDialog
from modstation.ui.queues_sheet import QueuesSheet
from modstation.ui.session_dialog import SessionDialog
from modstation.ui.settings_dialog import SettingsDialog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from modstation.core.outbox import Operation

COUNT = 500
# One photo, smaller each time: nearly the same, and the largest is kept.
COPIES = range(200, 204)
# Reasons of the shipped policy by their digit.
REASONS = {"1": "nudity", "7": "scam", "8": "copyright"}


def key_for(name: str) -> str:
    """What the moderator thinks of a picture."""
    number = int(name.rpartition("-")[2])
    if name.startswith("spam"):
        return "7"
    if name.startswith("copy"):
        return "A" if number == COPIES[0] else "8"
    return {0: "X", 5: "8"}.get(number % 10, "A")


def name_of(number: int) -> str:
    if number in COPIES:
        return f"copy-{number:04}"
    return f"{'spam' if number % 25 == 3 else 'photo'}-{number:04}"


def picture_of(number: int) -> bytes:
    """A small picture of its own; the copies show one photo."""
    if number not in COPIES:
        return picture(number, (64, 48))
    photo = (resources() / "demo" / "otters.jpg").read_bytes()
    with Image.open(io.BytesIO(photo)) as image:
        image.thumbnail((320 - 30 * COPIES.index(number),) * 2)
        out = io.BytesIO()
        image.save(out, "JPEG", quality=80)
    return out.getvalue()


@dataclass(slots=True)
class Meant:
    """What somebody at the keys means: not yet posted, and posted, by public ID.

    A verdict is a status and a reason's code.
    """

    held: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    posted: dict[str, list[tuple[str, str | None]]] = field(default_factory=dict)
    # Every decision in the order of the keys, also those taken back; how often that was.
    made: list[tuple[str, str, str | None]] = field(default_factory=list)
    taken_back: int = 0

    def decided(self, key: str, *names: str) -> None:
        verdict = "approved" if key == "A" else "rejected"
        reason = REASONS.get(key)
        for name in names:
            assert name not in self.held
            self.held[name] = (verdict, reason)
            self.made.append((name, verdict, reason))

    def undone(self, *names: str) -> None:
        for name in names:
            del self.held[name]
            self.taken_back += 1

    def sent(self) -> None:
        for name, verdict in self.held.items():
            self.posted.setdefault(name, []).append(verdict)
        self.held.clear()

    def status(self, name: str) -> str:
        return self.posted[name][-1][0] if name in self.posted else "pending"


class Moderator:
    """Somebody at the keys, who keeps a list of what was meant."""

    def __init__(self, desk: LiveWindow) -> None:
        self.desk = desk
        self.meant = Meant()

    # -- one image

    def decide(self, key: str) -> str:
        """Look at the image on the stage and press a key; its public ID."""
        desk, name = self.desk, self.desk.seen()
        if key == "A" and desk.session.looking.covered:
            self.uncover()
        desk.press(key)
        desk.until(lambda: desk.current != name, f"{key} did not decide {name}")
        self.meant.decided(key, name)
        return name

    def uncover(self) -> None:
        """Latch the cover open, and look as long as the rules ask."""
        desk = self.desk
        desk.press("V")
        needed = desk.session.rules.painted_before
        desk.until(lambda: desk.revealed() >= needed, "the image was not uncovered")

    def override(self, key: str) -> str:
        """Press a key that first only says what it would do."""
        desk, name = self.desk, self.desk.seen()
        if key == "A" and desk.session.looking.covered:
            self.uncover()
        desk.press(key)
        assert desk.current == name, "the first press explains"
        return self.decide(key)

    def post(self) -> None:
        """Post everything that is held."""
        desk = self.desk
        desk.press("Ctrl+S")
        desk.until(self.nothing_unsent, "not everything was posted")
        self.meant.sent()

    def nothing_unsent(self) -> bool:
        found: list[list[Operation]] = []
        self.desk.station.outbox.read(UNSENT, found.append, _raise)
        self.desk.until(lambda: found, "the store does not answer")
        return not found[0]

    # -- many

    def open_sheet(self) -> None:
        self.desk.press("T")
        self.desk.whole_tiles()

    def mark(self, key: str) -> list[str]:
        """Go through the tiles that are seen whole and mark those that deserve this key."""
        desk, grid = self.desk, self.desk.sheet.grid
        wanted = [name for name in desk.whole_tiles() if key_for(name) == key]
        columns = grid.layout.columns
        for name in wanted:
            self.go_to(name, columns)
            desk.press("M")
        assert sorted(desk.marked()) == sorted(wanted)
        return wanted

    def go_to(self, name: str, columns: int) -> None:
        """Arrows, until the focus lies on a tile."""
        desk = self.desk
        names = desk.tiles()
        here, there = names.index(desk.current or names[0]), names.index(name)
        lead = desk.sheet.grid.layout.lead
        rows = (there + lead) // columns - (here + lead) // columns
        desk.press(*["Down" if rows > 0 else "Up"] * abs(rows))
        there -= names.index(desk.current or names[0])
        desk.press(*["Right" if there > 0 else "Left"] * abs(there))
        assert desk.current == name

    def settle_screen(self) -> None:
        """Reject what is marked and approve the rest of the screen, once it was stated."""
        desk = self.desk
        bad = self.mark("X")
        good = [name for name in desk.whole_tiles() if name not in bad]
        desk.press("Ctrl+Enter")
        statement = desk.sheet.grid.strokes.statement
        assert statement is not None
        assert len(statement.attempts) == len(bad) + len(good)
        desk.read()
        desk.press("Ctrl+Enter")
        assert desk.sheet.grid.strokes.statement is None
        self.meant.decided("X", *bad)
        self.meant.decided("A", *good)


def _raise(error: BaseException) -> None:
    raise error


@pytest.fixture
def service(tmp_path: Path) -> Iterator[LiveService]:
    with LiveService(tmp_path) as live:
        yield live


def upload(service: LiveService) -> None:
    """Several at a time, as a site does."""
    headers = {"Authorization": service.authorization}
    with httpx.Client(headers=headers) as client, ThreadPoolExecutor(4) as hands:

        def send(number: int) -> None:
            name = name_of(number)
            answer = client.post(
                f"{service.api}/image/upload",
                data={"public_id": name, "moderation": "manual", "tags": name.partition("-")[0]},
                files={"file": ("photo.jpg", picture_of(number))},
            )
            answer.raise_for_status()

        list(hands.map(send, range(COUNT)))


def test_a_shift_of_500_images_without_a_mouse(
    service: LiveService,
    own_home: Path,
    tmp_path: Path,
    qapp: QApplication,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CLOUDINARY_URL", service.cloudinary_url)
    upload(service)
    everything = {name_of(number) for number in range(COUNT)}
    with LiveWindow(
        own_home,
        service.cloudinary_url,
        protection=Protection.ALWAYS,
        hold_seconds=300.0,
        tour_seen=True,
    ) as desk:
        moderator = Moderator(desk)
        desk.until(lambda: desk.session.counts.waiting == COUNT, "not everything was pulled")
        begin_covered(moderator)
        choose_cover(desk, "auto")
        decide_on_the_stage(moderator)
        reverse_what_was_posted(moderator)
        put_aside = escalate_one(moderator)
        decide_a_group(moderator)
        filter_by_tag(moderator)
        settle_the_rest(moderator, leave=put_aside)
        moderator.post()
        override_one(moderator, ModerationStatus.REJECTED, "A")
        override_one(moderator, ModerationStatus.APPROVED, "1")
        moderator.post()
        figures = save_figures(desk, tmp_path / "figures.csv")
    meant = moderator.meant
    final = {name: meant.status(name) for name in everything}
    assert service.statuses() == final
    assert Counter(final.values())["pending"] == 1
    assert listed(service, "rejected") == {n for n, status in final.items() if status == "rejected"}
    assert history(service) == meant.posted
    undeliverable = {name for name, status in final.items() if status == "rejected"}
    some = undeliverable | {name_of(number) for number in range(0, COUNT, 10)}
    assert not_delivered(service, some) == undeliverable
    assert_figures(figures, meant)
    assert record(capsys) == meant.made


# -- chapters


def begin_covered(moderator: Moderator) -> None:
    """Approving needs a look, by peeking or for good; rejecting needs none."""
    desk = moderator.desk
    first = desk.seen()
    desk.press("A")
    assert desk.current == first
    assert "Uncover the image first" in desk.message
    desk.down("Space")
    needed = desk.session.rules.painted_before
    desk.until(lambda: desk.revealed() >= needed, "the image was not uncovered")
    desk.up("Space")
    desk.press("A")
    desk.until(lambda: desk.current != first)
    moderator.meant.decided("A", first)
    for _ in range(9):
        moderator.decide(key_for(desk.seen()))


def choose_cover(desk: LiveWindow, choice: str) -> None:
    """Change the setting in its dialog."""
    desk.press("Ctrl+,")
    desk.until(lambda: isinstance(desk.front, SettingsDialog))
    for _ in range(60):
        field = desk.front.focusWidget()
        if isinstance(field, QComboBox) and field.accessibleName() == "Cover images":
            break
        desk.press("Tab")
    assert isinstance(field, QComboBox)
    while field.currentText() != choice:
        desk.press("Up")
    desk.press("Alt+S")
    desk.back()
    desk.until(lambda: not desk.session.looking.covered)


def decide_on_the_stage(moderator: Moderator) -> None:
    """One by one, with two slips that are taken back before anything is posted."""
    desk = moderator.desk
    for number in range(20):
        wanted = key_for(desk.seen())
        if number in {4, 15}:
            slip = moderator.decide("A" if wanted != "A" else "1")
            desk.press("U")
            desk.until(lambda slip=slip: desk.current == slip, "undo did not bring it back")
            moderator.meant.undone(slip)
        moderator.decide(wanted)


def reverse_what_was_posted(moderator: Moderator) -> None:
    """After posting, the undo key offers the opposite by name, and takes it when asked again."""
    desk = moderator.desk
    name = moderator.decide("A")
    moderator.post()
    desk.press("U")
    desk.until(lambda: desk.session.reversal is not None, "no reversal was offered")
    desk.press("U")
    desk.until(lambda: desk.session.reversal is None, "it was not reversed")
    moderator.meant.decided("X", name)
    moderator.post()


def escalate_one(moderator: Moderator) -> str:
    """It stays pending, for somebody else."""
    desk = moderator.desk
    name = desk.seen()
    desk.press("E")
    desk.until(lambda: isinstance(desk.front, EscalateDialog), "nobody asked why")
    desk.type("Who is this")
    desk.press("Enter")
    desk.back()
    desk.until(lambda: desk.current != name, "it was not escalated")
    return name


def decide_a_group(moderator: Moderator) -> None:
    """What is nearly the same is rejected in one act; one is taken back alone, and approved."""
    desk = moderator.desk
    names = [name_of(number) for number in COPIES]
    desk.press("/")
    desk.type("copy")
    desk.press("Enter")
    desk.until(lambda: desk.current in names, "the filter found no copy")
    desk.seen()
    desk.until(lambda: desk.window.commands.group.count == len(names), "not all are alike")
    desk.press("G")
    desk.until(lambda: isinstance(desk.window.sheet, GroupSheet))
    sheet = desk.window.sheet
    assert isinstance(sheet, GroupSheet)

    def waiting() -> list[str]:
        members = sheet._group.members
        return sorted(m.entry.asset.ref.public_id for m in members if m.waits)

    def seen() -> bool:
        """What waits may be decided."""
        looks = [member.look for member in sheet._group.members if member.waits]
        return all(desk.painted_long_enough(look) for look in looks)

    desk.until(lambda: waiting() == names and seen(), "the group was not shown")
    desk.press("8")
    desk.until(lambda: not waiting(), "the group was not rejected")
    moderator.meant.decided("8", *names)
    kept = names[0]
    for _ in names:
        member = sheet._group.focused
        if member is not None and member.entry.asset.ref.public_id == kept:
            break
        desk.press("Right")
    desk.press("U")
    desk.until(lambda: waiting() == [kept], "not the one alone was taken back")
    moderator.meant.undone(kept)
    desk.until(seen, "its picture did not come back")
    desk.press("A")
    desk.until(lambda: not waiting(), "it was not approved")
    moderator.meant.decided("A", kept)
    desk.press("Esc", "Ctrl+Shift+F")
    desk.until(lambda: desk.current)


def filter_by_tag(moderator: Moderator) -> None:
    """Everything with one tag, found by the filter and rejected at one stroke with its reason."""
    desk = moderator.desk
    spam = {name for name in map(name_of, range(COUNT)) if name.startswith("spam")}
    left = spam - {*moderator.meant.held} - {*moderator.meant.posted}
    desk.press("/")
    desk.type("tag:spam")
    desk.press("Enter")
    desk.until(lambda: desk.session.looked and desk.session.looked[1], "the filter did not end")
    moderator.open_sheet()
    desk.press("-", "-")
    while left:
        tiles = desk.whole_tiles()
        assert {*tiles} <= left, "the filter let something else through"
        desk.press("Ctrl+A", "7")
        desk.until(lambda tiles=tiles: not {*tiles} & {*desk.tiles()}, "not rejected")
        moderator.meant.decided("7", *tiles)
        left -= {*tiles}
    desk.press("Ctrl+Shift+F")


def settle_the_rest(moderator: Moderator, *, leave: str) -> None:
    """Screen by screen: those with a reason first, then the marked and the rest at one stroke.

    The first stroke is taken back as a whole, and made again.
    """
    desk, meant = moderator.desk, moderator.meant
    screens = 0
    while names := desk.whole_tiles():
        if moderator.mark("8"):
            marked = desk.marked()
            desk.press("8")
            desk.until(lambda marked=marked: not {*marked} & {*desk.tiles()})
            meant.decided("8", *marked)
        before = {*meant.held}
        moderator.settle_screen()
        if not screens:
            stroke = {*meant.held} - before
            desk.press("U")
            desk.until(lambda stroke=stroke: stroke <= {*desk.tiles()}, "not taken back")
            meant.undone(*stroke)
            moderator.settle_screen()
        screens += 1
        assert leave not in names
    desk.press("T")


def override_one(moderator: Moderator, queue: ModerationStatus, key: str) -> None:
    """Look at a queue of what is settled, and settle the first image of it the other way."""
    desk = moderator.desk
    desk.press("Ctrl+L")
    desk.until(lambda: desk.window.sheet is not None)
    assert isinstance(desk.window.sheet, QueuesSheet)
    rows = desk.window.sheet.rows
    desk.until(rows.count, "the queues were not read")
    wanted = [n for n in range(rows.count()) if f"· {queue.value}" in rows.item(n).text()]
    while rows.currentRow() != wanted[0]:
        desk.press("J" if rows.currentRow() < wanted[0] else "K")
    desk.press("Enter")
    desk.until(lambda: desk.session.view.status is queue and desk.current)
    moderator.override(key)


def save_figures(desk: LiveWindow, path: Path) -> dict[tuple[str, str], str]:
    """The figures of the session as CSV; by figure and what it is of."""
    desk.press("F9")
    dialog = desk.front
    assert isinstance(dialog, SessionDialog)
    desk.until(lambda: dialog.figures.decided, "the figures were not read")
    desk.press("Alt+S")
    desk.until(lambda: isinstance(desk.front, QFileDialog), "nobody asked where")
    desk.type(str(path))
    desk.press("Enter")
    desk.until(lambda: "Saved to" in dialog.answer.text(), "the figures were not saved")
    desk.press("Esc")
    desk.back()
    with path.open(newline="", encoding="utf-8") as file:
        return {(row["figure"], row["of"]): row["value"] for row in csv.DictReader(file)}


# -- what came of it


def assert_figures(figures: dict[tuple[str, str], str], meant: Meant) -> None:
    stands = Counter(verdict for verdicts in meant.posted.values() for verdict, _ in verdicts)
    reasons = Counter(r for verdicts in meant.posted.values() for _, r in verdicts if r)
    assert figures["taken_back", ""] == str(meant.taken_back)
    assert figures["decided", ""] == str(stands.total() - int(figures["reversed", ""]))
    assert {of: int(n) for (what, of), n in figures.items() if what == "reason"} == reasons


def listed(service: LiveService, status: str) -> set[str]:
    """Public IDs as the Admin API lists them."""
    answer = service.request(
        "GET", f"/resources/image/moderations/manual/{status}", params={"max_results": 500}
    )
    answer.raise_for_status()
    return {row["public_id"] for row in answer.json()["resources"]}


def history(service: LiveService) -> dict[str, list[tuple[str, str | None]]]:
    """Every decision of the service's history; each one changed something."""
    found: dict[str, list[tuple[str, str | None]]] = {}
    for row in service.decisions():
        assert row.changed, row
        found.setdefault(row.public_id, []).append((row.to_status, row.reason))
    return found


def not_delivered(service: LiveService, names: set[str]) -> set[str]:
    """Those that nobody gets who asks for them."""
    gone = set()
    # Nothing here speaks TLS.
    with httpx.Client(timeout=30, trust_env=False, verify=False) as client:
        for name in names:
            answer = client.get(f"{service.url}/{service.cloud}/image/upload/{name}")
            assert answer.status_code in {200, 404}
            if answer.status_code == 404:
                gone.add(name)
    return gone


def record(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str, str | None]]:
    """The decisions of the exported record, with those that were taken back."""
    capsys.readouterr()
    assert run(["export", "--format", "csv"]) == 0
    rows = csv.DictReader(io.StringIO(capsys.readouterr().out))
    status = {"approve": "approved", "reject": "rejected"}
    return [
        (row["public_id"], status[row["verdict"]], row["reason"] or None)
        for row in rows
        if row["action"] in {"decide", "reverse"}
    ]
