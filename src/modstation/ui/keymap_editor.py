"""The keymap editor: every command with its keys; press a key to bind it, a clash is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from modstation.app.keymaps import PRESETS, preset_title
from modstation.core.commands import COMMANDS
from modstation.core.errors import SettingsError
from modstation.core.language import later, translate
from modstation.ui.dialog_size import size_dialog
from modstation.ui.plain_words import say_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modstation.app.keymap_editing import KeymapEditing
    from modstation.ui.keys import KeyReader

_COMMAND = Qt.ItemDataRole.UserRole
_IDLE = later("KeymapEditor", "Choose a command, then “Change” or “Add”, then press the key.")
_KEY_EVENTS = {QEvent.Type.KeyPress, QEvent.Type.KeyRelease, QEvent.Type.ShortcutOverride}


class KeymapEditor(QDialog):
    """Shows what ``editing`` holds; ``titles`` are what commands are called under the policy."""

    def __init__(
        self,
        editing: KeymapEditing,
        reader: KeyReader,
        titles: Mapping[str, str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(translate("KeymapEditor", "Keys"))
        self.setWindowModality(Qt.WindowModality.WindowModal)
        size_dialog(self, 680, 560)
        self._editing = editing
        self._reader = reader
        self._titles = titles
        # What is to be done with the next key that is pressed, if anything.
        self._take: Callable[[str, str], None] | None = None
        self._rows: dict[str, QTreeWidgetItem] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        column.addLayout(self._top())
        self.tree = self._commands()
        column.addWidget(self.tree, 1)
        self.said = QLabel()
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self.said.setWordWrap(True)
        self.said.setMinimumHeight(self.fontMetrics().lineSpacing() * 2)
        column.addWidget(self.said)
        column.addLayout(self._buttons())
        self._refresh()
        if editing.problem:
            self._say(
                translate("KeymapEditor", "{problem} The first change replaces that file.").format(
                    problem=editing.problem
                ),
                "problem",
            )
        else:
            self._say(str(_IDLE))
        self.tree.setCurrentItem(self._rows["approve"])
        self._enable()
        self.tree.currentItemChanged.connect(lambda *_: self._moved())
        self.tree.setFocus()

    # -- what it is made of

    def _top(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(12)
        label = QLabel(translate("KeymapEditor", "&Keymap"))
        self.presets = QComboBox()
        self.presets.setAccessibleName(translate("KeymapEditor", "Keymap"))
        for preset in PRESETS:
            self.presets.addItem(preset_title(preset), preset)
        self.presets.activated.connect(self._choose)
        label.setBuddy(self.presets)
        self.letters = QCheckBox(
            translate("KeymapEditor", "&Letters, digits and signs without Alt")
        )
        self.letters.setToolTip(
            translate(
                "KeymapEditor",
                "Off: no letter, digit or sign is a key by itself; A is Alt+A then,"
                " Shift+B is Alt+Shift+B. For speech input, and for hands that touch keys"
                " by accident.",
            )
        )
        self.letters.clicked.connect(self._set_letters)
        row.addWidget(label)
        row.addWidget(self.presets)
        row.addStretch(1)
        row.addWidget(self.letters)
        return row

    def _commands(self) -> QTreeWidget:
        tree = QTreeWidget()
        tree.setAccessibleName(translate("KeymapEditor", "Commands and their keys"))
        tree.setColumnCount(3)
        tree.setHeaderLabels(
            [translate("KeymapEditor", "Command"), translate("KeymapEditor", "Keys"), ""]
        )
        tree.setUniformRowHeights(True)
        tree.setRootIsDecorated(False)
        tree.setIndentation(16)
        head = tree.header()
        head.setStretchLastSection(False)
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        head.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        head.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        groups: dict[str, QTreeWidgetItem] = {}
        for command in COMMANDS.values():
            group = groups.get(command.group)
            if group is None:
                group = groups[command.group] = QTreeWidgetItem(tree, [command.group_title])
                group.setFlags(Qt.ItemFlag.ItemIsEnabled)
                font = group.font(0)
                font.setBold(True)
                group.setFont(0, font)
            title = self._title(command.name)
            item = QTreeWidgetItem(group, [title])
            item.setData(0, _COMMAND, command.name)
            item.setToolTip(0, f"{title}\n{command.help}")
            self._rows[command.name] = item
        tree.expandAll()
        tree.installEventFilter(self)
        tree.itemDoubleClicked.connect(lambda *_: self.change.click())
        return tree

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        editing = self._editing
        self.change = self._button(
            translate("KeymapEditor", "&Change"),
            lambda: self._record(
                editing.change,
                translate("KeymapEditor", "Press the key of “{title}” now. Esc changes nothing."),
            ),
        )
        self.add = self._button(
            translate("KeymapEditor", "&Add"),
            lambda: self._record(
                editing.add,
                translate(
                    "KeymapEditor", "Press another key of “{title}” now. Esc changes nothing."
                ),
            ),
        )
        self.remove = self._button(
            translate("KeymapEditor", "Re&move"), lambda: self._change_chosen(editing.remove_keys)
        )
        self.reset = self._button(
            translate("KeymapEditor", "&Reset"), lambda: self._change_chosen(editing.reset)
        )
        self.reset_all = self._button(
            translate("KeymapEditor", "Reset a&ll"), lambda: self._attempt(editing.reset_all)
        )
        self.close_button = self._button(translate("KeymapEditor", "Close"), self.accept)
        for button in (self.change, self.add, self.remove, self.reset):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.reset_all)
        row.addWidget(self.close_button)
        return row

    def _button(self, text: str, clicked: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _=False: clicked())
        return button

    # -- what is shown

    def keys_shown(self, command: str) -> str:
        """What stands beside a command."""
        return self._rows[command].text(1)

    def _refresh(self) -> None:
        editing = self._editing
        self.presets.setCurrentIndex(PRESETS.index(editing.preset))
        self.letters.setChecked(editing.letter_keys)
        for name, item in self._rows.items():
            keys = "   ".join(self._reader.printed(key) for key in editing.keys(name))
            item.setText(1, keys or "–")
            item.setText(2, translate("KeymapEditor", "yours") if editing.is_own(name) else "")
        self._enable()

    def _enable(self) -> None:
        name = self._chosen
        for button in (self.change, self.add, self.remove):
            button.setEnabled(name is not None)
        self.reset.setEnabled(name is not None and self._editing.is_own(name))
        self.reset_all.setEnabled(any(self._editing.is_own(name) for name in self._rows))

    def _moved(self) -> None:
        if self._take is not None:
            self._stop()
        self._enable()

    def _say(self, text: str, role: str = "muted") -> None:
        say_in(self.said, text, role)

    # -- changes

    @property
    def _chosen(self) -> str | None:
        item = self.tree.currentItem()
        return None if item is None else item.data(0, _COMMAND)

    def _title(self, name: str) -> str:
        return self._titles.get(name, COMMANDS[name].label.rstrip("…"))

    def _record(self, take: Callable[[str, str], None], what: str) -> None:
        if self._chosen is None:
            return
        self._take = take
        self._say(what.format(title=self._title(self._chosen)))
        self.tree.setFocus()

    def _stop(self) -> None:
        self._take = None
        self._say(str(_IDLE))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """While a key is waited for, every key is that key."""
        if watched is not self.tree or event.type() not in _KEY_EVENTS:
            return False
        assert isinstance(event, QKeyEvent)
        if self._take is None:
            if event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Delete:
                self.remove.click()
                return True
            return False
        if event.type() == QEvent.Type.KeyPress and not event.isAutoRepeat():
            self._recorded(event)
        event.accept()
        return True

    def _recorded(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._stop()
            return
        chords = self._reader.chords(event)
        take, name = self._take, self._chosen
        if not chords or take is None or name is None:
            return
        self._attempt(lambda: take(name, chords[0]))

    def _change_chosen(self, act: Callable[[str], None]) -> None:
        name = self._chosen
        if name is not None:
            self._attempt(lambda: act(name))

    def _attempt(self, act: Callable[[], None]) -> None:
        self._take = None
        try:
            act()
        except SettingsError as error:
            self._say(error.message, "problem")
        else:
            self._say(translate("KeymapEditor", "Kept.") + f" {_IDLE}", "done")
        self._refresh()

    def _choose(self, row: int) -> None:
        self._attempt(lambda: self._editing.choose(PRESETS[row]))

    def _set_letters(self, checked: bool) -> None:
        self._attempt(lambda: self._editing.set_letter_keys(on=checked))
