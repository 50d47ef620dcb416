"""The settings dialog: one row for each setting that is declared, checked while one types."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from modstation.app.setting_table import SettingKind, choice_title
from modstation.core.errors import SettingsError
from modstation.core.language import translate
from modstation.ui.dialog_size import size_dialog
from modstation.ui.plain_words import plain_words, say_in

if TYPE_CHECKING:
    from modstation.app.setting_table import SettingInfo
    from modstation.app.settings_form import SettingsForm

# A field, and a line of words, in pixels at 100 %.
_FIELD, _LINE = 260, 16

Field: TypeAlias = QCheckBox | QComboBox | QLineEdit


class SettingsDialog(QDialog):
    """Shows a form; nothing counts before *Save*, and then all of it."""

    def __init__(self, form: SettingsForm, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(translate("SettingsDialog", "Settings"))
        self.setWindowModality(Qt.WindowModality.WindowModal)
        size_dialog(self, 640, 600)
        self._form = form
        self.fields: dict[str, Field] = {}
        self._notes: dict[str, QLabel] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 16, 20)
        column.setSpacing(12)
        for problem in form.problems:
            told = translate(
                "SettingsDialog",
                "{problem} So every image is covered. What you save here replaces the file.",
            ).format(problem=problem)
            column.addWidget(plain_words(told, role="problem"))
        column.addWidget(self._rows(), 1)
        self.said = plain_words(role="muted")
        column.addWidget(self.said)
        column.addLayout(self._buttons())
        self._tell()

    # -- what it is made of

    def _rows(self) -> QScrollArea:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 16, 0)
        column.setSpacing(4)
        for group, settings in self._form.groups().items():
            title = plain_words(group)
            title.setProperty("role", "heading")
            title.setContentsMargins(0, 12, 0, 4)
            column.addWidget(title)
            for info in settings:
                column.addLayout(self._row(info))
                column.addSpacing(8)
        column.addStretch(1)
        self._line_up()
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Tab goes from field to field and the area follows.
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        return area

    def _line_up(self) -> None:
        """Every field is as wide as the longest choice needs, and the usual width at least."""
        fields = [field for field in self.fields.values() if not isinstance(field, QCheckBox)]
        choices = (field.sizeHint().width() for field in fields if isinstance(field, QComboBox))
        usual = _FIELD * max(1.0, self.fontMetrics().height() / _LINE)
        widest = max(round(usual), *choices)
        for field in fields:
            field.setFixedWidth(widest)

    def changeEvent(self, event: QEvent) -> None:
        """Larger words need wider fields."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and self.fields:
            self._line_up()

    def _row(self, info: SettingInfo) -> QVBoxLayout:
        field = self._field(info)
        field.setAccessibleName(info.title)
        field.setAccessibleDescription(f"{info.description} {info.takes}")
        self.fields[info.name] = field
        line = QHBoxLayout()
        line.setSpacing(12)
        if isinstance(field, QCheckBox):
            field.setText(info.title)
            line.addWidget(field, 1)
        else:
            name = QLabel(info.title)
            name.setBuddy(field)
            name.setWordWrap(True)
            line.addWidget(name, 1)
            line.addWidget(field)
        note = plain_words(role="muted")
        self._notes[info.name] = note
        row = QVBoxLayout()
        row.setSpacing(2)
        row.addLayout(line)
        row.addWidget(note)
        return row

    def _field(self, info: SettingInfo) -> Field:
        value, name = self._form.value(info.name), info.name
        if info.kind is SettingKind.SWITCH:
            box = QCheckBox()
            box.setChecked(bool(value))
            box.toggled.connect(lambda on: self._filled(name, on))
            return box
        if info.kind is SettingKind.CHOICE:
            choice = QComboBox()
            for one in info.choices:
                choice.addItem(choice_title(one), one)
            choice.setCurrentIndex(choice.findData(str(value)))
            choice.currentIndexChanged.connect(
                lambda row: self._filled(name, str(choice.itemData(row)))
            )
            return choice
        line = QLineEdit(str(value))
        line.textChanged.connect(lambda text: self._filled(name, text))
        return line

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.defaults = QPushButton(translate("SettingsDialog", "&Defaults"))
        self.defaults.setAutoDefault(False)
        self.defaults.clicked.connect(self._defaults)
        cancel = QPushButton(translate("SettingsDialog", "Cancel"))
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        self.save = QPushButton(translate("SettingsDialog", "&Save"))
        self.save.setDefault(True)
        self.save.clicked.connect(self._save)
        row.addWidget(self.defaults)
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(self.save)
        return row

    # -- what is filled in

    def note(self, name: str) -> str:
        """What stands under a setting: its sentence, or why it cannot be saved."""
        return self._notes[name].text()

    def _filled(self, name: str, value: str | bool) -> None:
        self._form.fill(name, value)
        self._tell()

    def _tell(self) -> None:
        form = self._form
        refusals, later = form.refusals, form.waits_for_restart
        for settings in form.groups().values():
            for info in settings:
                why = refusals.get(info.name)
                after = (
                    " " + translate("SettingsDialog", "Counts after the next start.")
                    if info.restart
                    else ""
                )
                _say(
                    self._notes[info.name],
                    why or f"{info.description}{after}",
                    "problem" if why else "muted",
                )
        self.save.setEnabled(not refusals)
        if refusals:
            _say(
                self.said, translate("SettingsDialog", "What is marked cannot be saved."), "problem"
            )
        elif later:
            names = ", ".join(self._titles()[name] for name in later)
            _say(
                self.said,
                translate(
                    "SettingsDialog", "After the next start: {names}. The rest counts at once."
                ).format(names=names),
                "muted",
            )
        else:
            _say(self.said, translate("SettingsDialog", "Saved settings count at once."), "muted")

    def _titles(self) -> dict[str, str]:
        return {info.name: info.title for part in self._form.groups().values() for info in part}

    def _defaults(self) -> None:
        for name, field in self.fields.items():
            self._form.fill_default(name)
            value = self._form.value(name)
            if isinstance(field, QCheckBox):
                field.setChecked(bool(value))
            elif isinstance(field, QComboBox):
                field.setCurrentIndex(field.findData(str(value)))
            else:
                field.setText(str(value))
        self._tell()

    def _save(self) -> None:
        try:
            self._form.save()
        except SettingsError as error:
            _say(self.said, error.message, "problem")
        else:
            self.accept()


def _say(label: QLabel, text: str, role: str) -> None:
    if label.text() == text and label.property("role") == role:
        return
    say_in(label, text, role, aloud=role == "problem")
