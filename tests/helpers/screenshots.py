"""Takes pictures of the real window in every mode: ``sh resources/dev.sh screenshots [FOLDER]``.

Without a folder it writes the pictures the README shows, with one all of them, each as
``NAME-THEME.png`` and, taken in a window of 900 by 600, as ``NAME-small-THEME.png``.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from PySide6.QtCore import QPoint
from PySide6.QtGui import QPainter

from helpers.live_service import LiveService
from helpers.live_window import LiveWindow
from modstation.app.accounts import AccountBook
from modstation.core.accounts import parse_cloudinary_url
from modstation.core.assets import ModerationStatus
from modstation.core.events import Connection
from modstation.core.protection import Protection
from modstation.media.frames import Frame
from modstation.ui.account_chooser import AccountChooser
from modstation.ui.account_dialog import AccountDialog
from modstation.ui.group_sheet import GroupSheet
from modstation.ui.lists_sheet import ListsSheet
from modstation.ui.outbox_dialog import OutboxDialog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modstation.ui.theme import ThemeName

ROOT = Path(__file__).resolve().parents[2]
SHOWN = ROOT / "resources" / "screenshots"
THEMES: tuple[ThemeName, ...] = ("dark", "light")
SIZES = {"": (1280, 800), "-small": (900, 600)}
# Uploaded several times, smaller each time: images that are nearly the same.
TWINS = "osprey"
# Nobody looks at it before, so somebody else can settle it meanwhile.
CONTESTED = "tea-gardens"
ACCOUNTS = ("holidays", "market")


@dataclass(frozen=True, slots=True)
class Shot:
    """One mode of the window: how one gets there and back, and the commands it shows."""

    name: str
    there: Callable[[LiveWindow], None]
    back: Callable[[LiveWindow], None]
    commands: tuple[str, ...] = ()


# -- ways there and back


def key_of(desk: LiveWindow, command: str) -> str:
    return desk.station.keymap.keys_for(command)[0]


def _stay(_desk: LiveWindow) -> None:
    """The window as it is."""


def _stage(desk: LiveWindow) -> None:
    desk.seen()
    desk.until(lambda: desk.window.filmstrip.loaded, "the filmstrip has no pictures")


def _cover(desk: LiveWindow) -> None:
    desk.station.settings_book.change(protection=Protection.ALWAYS.value)
    desk.until(lambda: desk.session.looking.covered)


def _uncover(desk: LiveWindow) -> None:
    desk.station.settings_book.change(protection=Protection.AUTO.value)
    desk.until(lambda: not desk.session.looking.covered)


def _zoom(desk: LiveWindow) -> None:
    desk.press("+", "+", "+")


def _grid(desk: LiveWindow) -> None:
    desk.press("T")
    desk.whole_tiles()
    desk.press("M", "Right", "Right", "M")


def _state(desk: LiveWindow) -> None:
    _grid(desk)
    desk.press("Ctrl+Enter")


def _leave_grid(desk: LiveWindow) -> None:
    while not desk.window.stage.isVisible():
        desk.press("Esc")
    desk.seen()


def _to_twin(desk: LiveWindow) -> None:
    while not (desk.current or "").startswith(TWINS):
        desk.press("J")
        desk.seen()
    desk.until(lambda: desk.window.commands.group.count, "nothing is alike")


def _group(desk: LiveWindow) -> None:
    _to_twin(desk)
    desk.press("G")

    def loaded() -> bool:
        sheet = desk.window.sheet
        return isinstance(sheet, GroupSheet) and sheet.board.loaded

    desk.until(loaded, "the group has no pictures")


def _history(desk: LiveWindow) -> None:
    desk.press("Ctrl+H")
    desk.until(lambda: len(desk.station.history.items) > 3, "the history was not read")
    desk.press("J")
    desk.until(lambda: isinstance(desk.station.history.frame(), Frame), "there is no picture")


def _filter(desk: LiveWindow) -> None:
    desk.press("/")
    desk.type("tag:holiday size>100kb")
    desk.press("Enter")
    desk.until(lambda: desk.session.looked and desk.session.looked[1])
    _stage(desk)


def _no_filter(desk: LiveWindow) -> None:
    desk.press("Ctrl+Shift+F")
    desk.until(lambda: desk.session.loaded)
    _stage(desk)


def _flagged(desk: LiveWindow) -> None:
    desk.press("L")
    desk.until(lambda: isinstance(desk.front, ListsSheet))
    desk.press("Right")


def _conflict(desk: LiveWindow) -> None:
    desk.press("F6")
    desk.until(lambda: isinstance(desk.front, OutboxDialog))


def _chooser(desk: LiveWindow) -> None:
    AccountChooser(_book(desk), desk.station.account.name, desk.window).open()


def _account(desk: LiveWindow) -> None:
    AccountDialog(_book(desk), parent=desk.window).open()


def _book(desk: LiveWindow) -> AccountBook:
    return AccountBook(desk.home)


def _escape(desk: LiveWindow) -> None:
    if desk.front is desk.window:
        desk.press("Esc")
    else:
        desk.front.close()
        desk.back()


def _opened(name: str, command: str) -> Shot:
    """A sheet or a dialog that a command opens and Escape closes."""

    def there(desk: LiveWindow) -> None:
        desk.press(key_of(desk, command))
        desk.until(desk.window.in_dialog, f"{command} opened nothing")

    return Shot(name, there, _escape, (command,))


SHOTS = (
    Shot("stage", _stage, _stay),
    Shot("covered", _cover, _uncover),
    Shot("zoomed", _zoom, lambda desk: desk.press("Z")),
    Shot("grid", _grid, _leave_grid, ("grid",)),
    Shot("grid-stated", _state, _leave_grid, ("settle-screen",)),
    Shot("group", _group, _escape, ("group",)),
    Shot("history", _history, _escape, ("history",)),
    Shot("filter", _filter, _no_filter, ("filter", "clear-filter")),
    _opened("more-reasons", "more-reasons"),
    _opened("escalate", "escalate"),
    _opened("queues", "queues"),
    Shot("lists", _flagged, _escape, ("lists",)),
    _opened("policy", "policy"),
    _opened("keys", "keys-help"),
    _opened("manual", "help"),
    _opened("palette", "palette"),
    _opened("settings", "settings"),
    _opened("keymap-editor", "edit-keys"),
    _opened("tour", "tour"),
    Shot("outbox", _conflict, _escape, ("outbox",)),
    _opened("taking-along", "take-along"),
    _opened("session", "session"),
    Shot("accounts", _chooser, _escape, ("switch-account",)),
    Shot("account", _account, _escape, ("accounts",)),
)
# What the README shows.
README = (
    *("stage-dark", "stage-light", "covered-dark", "grid-stated-dark", "group-dark"),
    *("history-dark", "keys-dark"),
)


# -- what there is to see


def fill(service: LiveService) -> None:
    """The sample photos, and one of them several times."""
    for photo in sorted((ROOT / "resources" / "demo").glob("*.jpg")):
        place = {"tags": "holiday,upload", "context": "user=u-1042", "moderation": "manual"}
        service.upload(photo, public_id=photo.stem, **place)
        if photo.stem == TWINS:
            for number, width in enumerate((640, 480), 2):
                service.upload(_smaller(photo, width), public_id=f"{TWINS}-{number}", **place)


def _smaller(photo: Path, width: int) -> bytes:
    with Image.open(photo) as image:
        image.thumbnail((width, width))
        out = BytesIO()
        image.save(out, "JPEG", quality=70)
    return out.getvalue()


def work(desk: LiveWindow, service: LiveService) -> None:
    """Decide some, flag one, and come into conflict with somebody else over another."""
    for key in ("A", "X", "A", "7"):
        name = desk.seen()
        desk.press(key)
        desk.until(lambda name=name: desk.current != name, f"{key} did not decide")
    desk.seen()
    desk.press("F")
    _contest(desk, service)
    for key in ("A", "0"):
        name = desk.seen()
        desk.press(key)
        desk.until(lambda name=name: desk.current != name, f"{key} did not decide")


def _contest(desk: LiveWindow, service: LiveService) -> None:
    here = desk.seen()
    desk.press("Ctrl+O")
    desk.until(lambda: desk.session.connection.connection is Connection.OFFLINE_CHOSEN)
    while desk.current != CONTESTED:
        desk.press("J")
        desk.seen()
    desk.press("A")
    desk.until(lambda: desk.current != CONTESTED)
    service.decide(CONTESTED, ModerationStatus.REJECTED.value)
    desk.press("Ctrl+O", "Ctrl+S")
    desk.until(lambda: desk.session.counts.conflicted, "there is no conflict")
    while desk.current != here:
        desk.press("K")
        desk.seen()


# -- taking them


def take(folder: Path, *, shots: Sequence[Shot] = SHOTS, wanted: Callable[[str], bool]) -> int:
    """Take those shots whose name, with size and theme, is wanted; how many there were."""
    taken = 0
    for theme in THEMES:
        names = [f"{shot.name}{size}-{theme}" for shot in shots for size in SIZES]
        if not any(map(wanted, names)):
            continue
        with tempfile.TemporaryDirectory() as place, LiveService(Path(place)) as service:
            fill(service)
            home = Path(place) / "home"
            url = service.cloudinary_url
            with LiveWindow(
                home,
                url,
                name=ACCOUNTS[0],
                theme=theme,
                actor="moderator",
                hold_seconds=300.0,
                tour_seen=True,
            ) as desk:
                _keep_accounts(desk, url)
                work(desk, service)
                taken += _take_all(desk, folder, theme, shots, wanted)
    return taken


def _keep_accounts(desk: LiveWindow, url: str) -> None:
    for name in ACCOUNTS:
        AccountBook(desk.home).add(parse_cloudinary_url(url, name=name))


def _take_all(
    desk: LiveWindow,
    folder: Path,
    theme: str,
    shots: Sequence[Shot],
    wanted: Callable[[str], bool],
) -> int:
    taken = 0
    for size, (width, height) in SIZES.items():
        mine = [shot for shot in shots if wanted(f"{shot.name}{size}-{theme}")]
        if not mine:
            continue
        desk.window.resize(width, height)
        _stage(desk)
        # What happened before is said in the outbox, not under every picture.
        desk.window.message.clear()
        for shot in mine:
            shot.there(desk)
            picture(desk, folder / f"{shot.name}{size}-{theme}.png")
            shot.back(desk)
            taken += 1
    return taken


def picture(desk: LiveWindow, path: Path) -> None:
    """Save the window with whatever lies in front of it, once nothing moves any more."""
    desk.at_rest()
    desk.settled()
    pixels = desk.window.grab()
    front = desk.front
    if front is not desk.window:
        above = front.grab()
        room = desk.window.rect().center() - QPoint(front.width() // 2, front.height() // 2)
        painter = QPainter(pixels)
        painter.drawPixmap(room, above)
        painter.setPen(desk.window.theme.colour("muted"))
        painter.drawRect(room.x(), room.y(), front.width() - 1, front.height() - 1)
        painter.end()
    assert pixels.save(str(path)), f"{path} cannot be written"


def main(arguments: Sequence[str]) -> int:
    """Take all of them into a folder, or those of the README into their place."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    folder = Path(arguments[0]) if arguments else SHOWN
    folder.mkdir(parents=True, exist_ok=True)
    taken = take(folder, wanted=(lambda _: True) if arguments else README.__contains__)
    print(f"{taken} pictures in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
