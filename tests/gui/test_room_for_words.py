"""The whole interface in a language with longer words: all of it translated, nothing cut off."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QApplication

from helpers.assets import make_asset
from helpers.pseudo_language import Pseudo
from helpers.window import flat_picture
from helpers.words_shown import Painting, cut, front_of, said
from modstation.app.accounts import AccountBook
from modstation.core.assets import MachineLabel, ModerationEntry, ModerationStatus
from modstation.core.clock import SystemClock, TimeOrderedIds
from modstation.core.errors import AssetGone
from modstation.core.language import ENGLISH, Language, use
from modstation.core.likeness import Fingerprint
from modstation.core.outbox import Failed, Observed
from modstation.core.protection import Protection
from modstation.core.settling import settle
from modstation.store.station_store import StationStore
from modstation.store.store_thread import Priority
from modstation.ui.account_chooser import AccountChooser
from modstation.ui.account_dialog import AccountDialog
from modstation.ui.lists_sheet import ListsSheet
from modstation.ui.outbox_dialog import OutboxDialog
from modstation.ui.session_dialog import SessionDialog
from modstation.ui.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from helpers.window import Desk
    from modstation.media.frames import DecodeRequest, DecodeResult

# Data and what is the same in every language, each with its reason.
_DATA = (
    # Public IDs, kinds, tags, labels, formats, accounts and persons are the moderator's.
    r"photos/\w*\d+|photos|manual|aws_rek|webpurify|duplicate|metascan|perception_point",
    r"Nudity|Violence|beach|JPE?G|jpg|GIF|\bdemo\b|\bmod\b",
    # The program's own name, and what others are called.
    r"modstation|Cloudinary|CLOUDINARY_URL|cloudinary://\S*",
    # Keys as they are printed on the keyboard.
    r"\b(?:Ctrl|Shift|Alt|Space|Esc|Enter|Return|Del|Backspace|Left|Right|Up|Down)\b",
    r"\b(?:Page ?Up|Page ?Down|F\d+|Num\w+)\b|(?:^|[+ (])[A-Z](?=$|[ +),:])",
    # The languages, as those call them who speak them; keymaps named after programs.
    r"Deutsch|English|Español|Français|Coral|Label Studio|Lightroom|Prodigy",
    # Units, dates and times of day.
    r"\d+ ?(?:px|kB|KB|MB|GB|h|m|s|d|min|MP)\b|\d{4}-\d\d-\d\d|UTC",
)
DATA = re.compile("|".join(_DATA))
SIZES = {"wide": (1280, 800, 100), "small": (900, 600, 100), "large words": (1280, 800, 150)}


@pytest.fixture
def pseudo(qapp: QApplication) -> Iterator[None]:
    use(Language("en", Pseudo()))
    yield
    use(ENGLISH)
    Theme("dark").apply(qapp)


def untranslated(text: str) -> bool:
    """Something is left that did not come through the catalogue."""
    # What is cut short has lost its bracket; whether it may be is another question.
    before = None
    while before != text:
        before, text = text, re.sub("⟦[^⟦⟧]*(⟧|…$)", " ", text)
    return re.search(r"[^\W\d_]{2,}", DATA.sub(" ", text)) is not None


# -- what there is to see


def _picture(request: DecodeRequest) -> DecodeResult:
    """One colour; the image that follows the first one to be seen has many frames."""
    frame = flat_picture(request)
    if request.asset_key == make_asset(7).key:
        return replace(frame, frames=24, frame=request.frame)
    return frame


def sit(sit_down: Callable[..., Desk], width: int, height: int, scale: int) -> Desk:
    """A desk with everything on it: labels, alike images, decisions, a conflict, one stuck."""
    labels = (
        MachineLabel("Nudity", 91.0, threshold=60.0),
        MachineLabel("Violence", 12.0, threshold=50.0),
    )
    chain = (
        ModerationEntry("aws_rek", ModerationStatus.APPROVED, labels=labels),
        ModerationEntry("webpurify", ModerationStatus.APPROVED),
        ModerationEntry("manual", ModerationStatus.PENDING),
    )
    photos = [make_asset(number, moderation=chain, tags=("beach",)) for number in range(1, 15)]
    desk = sit_down(
        photos,
        size=(width, height),
        text_scale=scale,
        hold=timedelta(0),
        protection=Protection.NEVER,
        hints="always",
        picture=_picture,
    )
    desk.ready()
    alike = [(make_asset(n).key, "v1", Fingerprint(bytes(32), 90, bytes(8))) for n in (6, 8, 9)]
    desk.store.submit(Priority.REST, lambda store: store.likeness.put(alike))
    desk.press("A", "X", "A", "3", "F", "S")
    clock = SystemClock()
    store = StationStore.open(desk.path, clock=clock, ids=TimeOrderedIds())
    try:
        now = clock.now()
        store.release_due(now)
        one, two = store.claim(2, now)
        gone = settle(one, Failed(AssetGone("⟦The service has no such image.⟧")), now=now)
        store.apply(one.operation_id, gone, now=now)
        other = settle(two, Observed(ModerationStatus.APPROVED), now=now)
        store.apply(two.operation_id, other, now=now)
    finally:
        store.close()
    desk.session.reload()
    desk.settle()
    return desk


def _cover(desk: Desk) -> None:
    desk.station.settings_book.change(protection=Protection.ALWAYS.value)
    desk.until(lambda: desk.session.looking.covered)


def _uncover(desk: Desk) -> None:
    desk.station.settings_book.change(protection=Protection.NEVER.value)
    desk.until(lambda: not desk.session.looking.covered)


def _book(desk: Desk) -> AccountBook:
    return AccountBook(desk.station.settings_book.home)


def _accounts(desk: Desk) -> None:
    AccountChooser(_book(desk), "demo", desk.window).open()


def _account(desk: Desk) -> None:
    AccountDialog(_book(desk), parent=desk.window).open()


def _escape(desk: Desk) -> None:
    dialog = QApplication.activeModalWidget()
    if dialog is not None:
        dialog.close()
    elif desk.window.sheet is not None:
        desk.window.sheet.leave()
    desk.settle()
    desk.until(lambda: not desk.window.in_dialog())


def _key(*keys: str) -> Callable[[Desk], None]:
    return lambda desk: desk.press(*keys)


def _stay(_desk: Desk) -> None:
    """Nothing to do."""


def _leave_grid(desk: Desk) -> None:
    while not desk.window.stage.isVisible():
        desk.press("Esc")
    desk.ready()


def _no_filter(desk: Desk) -> None:
    desk.press("Ctrl+Shift+F")
    desk.until(lambda: desk.session.current is not None)
    desk.ready()


def _wrong_filter(desk: Desk) -> None:
    desk.press("/")
    desk.window.filter_bar.field.setText("colour:red")
    desk.press("Enter")


def _filter(desk: Desk) -> None:
    desk.press("/")
    desk.window.filter_bar.field.setText("tag:nowhere")
    desk.press("Enter")
    desk.until(lambda: desk.session.current is None)


def _tab(index: int) -> Callable[[Desk], None]:
    def choose(desk: Desk) -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, ListsSheet)
        dialog.tabs.setCurrentIndex(index)

    return choose


def _outbox(desk: Desk) -> None:
    desk.press("F6")
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, OutboxDialog)
    desk.until(lambda: dialog.rows.count() > 2, "the outbox was not read")


def _outbox_row(row: int) -> Callable[[Desk], None]:
    def choose(desk: Desk) -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, OutboxDialog)
        dialog.rows.setCurrentRow(row)
        desk.settle()

    return choose


def _ask_for_reason(desk: Desk) -> None:
    desk.window.ask_for_reason()
    desk.settle()


def _charts(desk: Desk) -> None:
    dialog = desk.window.findChild(SessionDialog)
    assert isinstance(dialog, SessionDialog)
    dialog.charts_button.click()
    assert dialog.charts is not None


VIEWS: dict[str, tuple[Callable[[Desk], None], Callable[[Desk], None]]] = {
    "stage": (_stay, _stay),
    "covered": (_cover, _stay),
    "everything covered": (_key("`"), _key("`")),
    "uncovered": (_uncover, _stay),
    "refused": (_key("Ctrl+1", "P"), _key("Z")),
    "grid": (_key("T", "M"), _stay),
    "grid, consequences": (_key("Ctrl+Enter"), _leave_grid),
    "group": (_key("G"), _escape),
    "filter": (_key("/"), _key("Esc")),
    "filter that is wrong": (_wrong_filter, _key("Esc")),
    "nothing found": (_filter, _no_filter),
    "history": (_key("Ctrl+H"), _escape),
    "queues": (_key("Ctrl+L"), _escape),
    "lists": (_key("L"), _stay),
    "lists, flagged": (_tab(1), _stay),
    "lists, escalated": (_tab(2), _escape),
    "many frames": (_key("J"), _key("K")),
    "policy": (_key("H"), _escape),
    "keys": (_key("?"), _escape),
    "palette": (_key("Ctrl+K"), _escape),
    "outbox": (_outbox, _stay),
    "outbox, second row": (_outbox_row(1), _stay),
    "outbox, third row": (_outbox_row(2), _escape),
    "session": (_key("F9"), _stay),
    "session, charts": (_charts, _escape),
    "trip": (_key("Ctrl+Shift+O"), _escape),
    "tour": (_key("Shift+F1"), _stay),
    "tour, second card": (_key("Right"), _stay),
    "tour, third card": (_key("Right"), _stay),
    "tour, last card": (_key("Right"), _escape),
    "settings": (_key("Ctrl+,"), _escape),
    "keymap editor": (_key("Ctrl+Shift+K"), _escape),
    "accounts": (_accounts, _escape),
    "account": (_account, _escape),
    "more reasons": (_key("Ctrl+Shift+X"), _escape),
    "reason wanted": (_ask_for_reason, _key("Esc")),
    "offline": (_key("Ctrl+O", "F5"), _key("Ctrl+O")),
    "reversal": (_key("U", "U", "U"), _key("Esc")),
    "escalate": (_key("E"), _escape),
    "closing": (_key("Ctrl+Q"), _escape),
}


@pytest.mark.parametrize("size", SIZES)
def test_every_text_is_translated_and_has_room(
    pseudo: None,
    sit_down: Callable[..., Desk],
    monkeypatch: pytest.MonkeyPatch,
    size: str,
) -> None:
    desk = sit(sit_down, *SIZES[size])
    painting = Painting()
    painting.listen(monkeypatch)
    found: dict[str, list[str]] = {}
    seen: set[str] = set()
    for name, (there, back) in VIEWS.items():
        there(desk)
        desk.settle()
        front = front_of(desk.window, desk.window.sheet)
        assert (front is not desk.window) or back is not _escape, f"{name} did not open"
        painting.drawn.clear()
        front.grab()
        told = [*said(front), *((one.widget, one.text) for one in painting.drawn)]
        bad = {f"untranslated: {text!r}" for _, text in told if untranslated(text)}
        bad |= {f"cut off: {line}" for line in cut(front, painting)}
        bad -= seen
        seen |= bad
        if bad:
            found[name] = sorted(bad)
        back(desk)
    report = "\n".join(f"{name}\n    " + "\n    ".join(bad) for name, bad in found.items())
    assert not found, f"{size}\n{report}"
