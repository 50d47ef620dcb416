"""The policy on a sheet: what it asks for, and each reason with its rule and examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from modstation.app.policy_words import SEVERITIES, consequences, policy_asks, statement
from modstation.core.language import translate
from modstation.ui.overlay import Overlay
from modstation.ui.plain_words import plain_label
from modstation.ui.sheets import KeyCaps
from modstation.ui.theme import BODY, SMALL, TITLE

if TYPE_CHECKING:
    from modstation.core.policy import Policy, Reason
    from modstation.ui.theme import Theme

_WIDEST = 760


def policy_sheet(theme: Theme, policy: Policy, *, parent: QWidget) -> Overlay:
    """The rules behind the reasons."""
    inside = QWidget()
    grid = QGridLayout(inside)
    grid.setContentsMargins(12, 8, 12, 8)
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(16)
    grid.setColumnStretch(1, 1)
    rows: list[tuple[QWidget | None, QVBoxLayout]] = []
    asked = policy_asks(policy)
    if asked:
        rows.append((None, _column([plain_label(theme, BODY, text=text) for text in asked])))
    rows += [
        (KeyCaps(theme, [reason.key] if reason.key else []), _reason(theme, reason))
        for reason in (*policy.with_key, *policy.without_key)
    ]
    if not policy.reasons:
        rows.append(
            (
                None,
                _column(
                    [
                        plain_label(
                            theme,
                            BODY,
                            text=translate("PolicySheet", "This policy names no reasons."),
                        )
                    ]
                ),
            )
        )
    for row, (cap, words) in enumerate(rows):
        if cap is not None:
            grid.addWidget(cap, row, 0, Qt.AlignmentFlag.AlignTop)
        grid.addLayout(words, row, 1)
    grid.setRowStretch(len(rows), 1)
    area = QScrollArea()
    area.setWidget(inside)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    title = translate("PolicySheet", "{title} · version {version}").format(
        title=policy.title or translate("PolicySheet", "Policy"), version=policy.version
    )
    needed = inside.sizeHint().height()
    return Overlay(theme, title, area, widest=theme.px(_WIDEST), needed=needed, parent=parent)


def _reason(theme: Theme, reason: Reason) -> QVBoxLayout:
    labels = [
        plain_label(
            theme, TITLE, text=f"{reason.title} · {SEVERITIES[reason.severity]}", strong=True
        )
    ]
    if reason.rule:
        labels.append(plain_label(theme, BODY, text=reason.rule))
    for name, examples in (
        (translate("PolicySheet", "Rejected"), reason.bad),
        (translate("PolicySheet", "Allowed"), reason.good),
    ):
        if examples:
            labels.append(plain_label(theme, BODY, text=f"{name}: {'; '.join(examples)}."))
    further = f"{consequences(reason)} {statement(reason)}".strip()
    labels.append(plain_label(theme, SMALL, text=further, role="muted"))
    return _column(labels)


def _column(labels: list[QLabel]) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(2)
    for label in labels:
        column.addWidget(label)
    return column
