"""The icons: strokes on a grid of 24, drawn in the colour they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

if TYPE_CHECKING:
    from PySide6.QtGui import QColor

_EYE = "M2 12s3.6-7 10-7 10 7 10 7-3.6 7-10 7S2 12 2 12z"
_DROP = "M11 3s6 6.6 6 11a6 6 0 0 1-12 0c0-4.4 6-11 6-11z"
_LENS = "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.3 15.3 21 21"
_CLOUD = "M7 18h10a4 4 0 0 0 .6-7.950A6 6 0 0 0 6 9.2 4.5 4.5 0 0 0 7 18z"
_RING = "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z"
_FRAME = "M4 5h16v14H4z"

STROKES = {
    "approve": "M4.5 12.5l5 5L19.5 7",
    "reject": "M6 6l12 12M18 6L6 18",
    "more-reasons": "M5 12v.010M12 12v.010M19 12v.010",
    "skip": "M5 5l8 7-8 7zM18 5v14",
    "flag": "M6 21V4h11l-2.5 4L17 12H6",
    "escalate": "M12 20V5M6 11l6-6 6 6M5 20h14",
    "lists": "M9 6h11M9 12h11M9 18h11M4 6v.010M4 12v.010M4 18v.010",
    "filter": "M3 5h18l-7 8v6l-4 2v-8z",
    "clear-filter": "M3 5h18l-7 8v6l-4 2v-8zM3 21 21 3",
    "rescue": _RING
    + "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM5.600 5.600l3.600 3.600M14.800 14.800l3.600 3.600"
    "M18.400 5.600l-3.600 3.600M9.200 14.800l-3.600 3.600",
    "order": "M7 4v16M3 16l4 4 4-4M14 6h7M14 12h5M14 18h3",
    "undo": "M9 6L4 11l5 5M4 11h10a6 6 0 0 1 0 12h-2",
    "redo": "M15 6l5 5-5 5M20 11H10a6 6 0 0 0 0 12h2",
    "previous": "M15 5l-7 7 7 7",
    "next": "M9 5l7 7-7 7",
    "grid": "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
    "mark": _FRAME + "M8 12l3 3 6-6",
    "mark-all": "M3 7h13v13H3zM8 7V3h13v13h-5M6.5 13l2.500 2.500 4.500-4.500",
    "extend-previous": "M20 6H8v12h12M8 12H3M5 9.500L2.500 12 5 14.500",
    "extend-next": "M4 6h12v12H4M16 12h5M19 9.500l2.500 2.500-2.500 2.500",
    "page-previous": "M5 15l7-7 7 7M5 5h14",
    "page-next": "M5 9l7 7 7-7M5 19h14",
    "approve-marked": "M3 4h18v16H3zM7 12.500l3.500 3.500 6.500-8",
    "reject-marked": "M3 4h18v16H3zM8 8l8 8M16 8l-8 8",
    "settle-screen": "M3 4h8v7H3zM5 6l4 3M9 6l-4 3M13 4h8v7h-8zM3 13h8v7H3zM13 16l3 3 5-6",
    "reveal": _EYE + "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
    "peek": "M2 12s3.6-7 10-7 10 7 10 7M12 10a3 3 0 0 1 3 3M12 16v5M9 18.5l3 3 3-3",
    "covered": _EYE + "M4 4l16 16",
    "blur-more": _DROP + "M18 4v6M15 7h6",
    "blur-less": _DROP + "M15 7h6",
    "greyscale": _RING + "M12 3v18M12 7h6M12 12h9M12 17h6",
    "cover-all": _FRAME + "M4 12l8-7M4 18L18 5M10 19L20 10M16 19l4-4",
    "zoom-in": _LENS + "M10.5 8v5M8 10.5h5",
    "zoom-out": _LENS + "M8 10.5h5",
    "zoom-toggle": "M4 9V4h5M20 15v5h-5M4 4l6.5 6.5M20 20l-6.5-6.5",
    "zoom-fit": "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
    "zoom-100": "M5 8l2-2v12M19 6v12M17 8l2-2M12 10v.010M12 15v.010",
    "sticky-zoom": _LENS + "M10.5 7.5v6M8 9.5h5M9 13.5h3",
    "brighten": "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v3M12 19v3M2 12h3M19 12h3"
    "M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2",
    "machine-verdict": "M6 8h12v11H6zM12 8V4M9.500 12v2M14.500 12v2M3 12v3M21 12v3",
    "original": "M5 3h14v18H5zM12 7v8M8.500 12l3.500 3.500 3.500-3.500M8 18h8",
    "rotate-left": "M4 4v6h6M4.5 10A8 8 0 1 1 4 14",
    "rotate-right": "M20 4v6h-6M19.5 10A8 8 0 1 0 20 14",
    "frame-previous": "M18 5l-9 7 9 7zM6 5v14",
    "frame-next": "M6 5l9 7-9 7zM18 5v14",
    "frame-play": "M7 4l12 8-12 8z",
    "group": "M4 4h9v9H4zM8 8h9v9H8zM12 12h9v9h-9z",
    "information": _RING + "M12 11v6M12 7v.010",
    "queues": "M8 6h13M8 12h13M8 18h13M3 6h.010M3 12h.010M3 18h.010",
    "history": "M4.500 9A8 8 0 1 1 4 13M4 4v5h5M12 8v4.500l3 2",
    "policy": "M5 4h10a4 4 0 0 1 4 4v12H8a3 3 0 0 1-3-3zM9 9h6M9 13h6",
    "note": "M4 20l1-5L16 4l4 4L9 19zM14 6l4 4",
    "edit-keys": "M2 6h20v7M2 6v12h9M6 10v.010M10 10v.010M14 10v.010M14 20l1-3 5-5 2 2-5 5z",
    "settings": "M4 7h9M17 7h3M15 5v4M4 17h3M11 17h9M9 15v4M4 12h1M9 12h11M7 10v4",
    "tour": "M12 21V3M12 5h7l3 3-3 3h-7M12 10H5l-3 3 3 3h7",
    "switch-account": "M9 5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM2 20a7 7 0 0 1 14 0M17 4l4 4-4 4",
    "palette": "M4 5h16v5H4zM4 14h10M4 19h7M17 13l4 4-4 4",
    "keys-help": "M2 6h20v12H2zM6 10v.010M10 10v.010M14 10v.010M18 10v.010M7 14h10",
    "help": _RING + "M9 9.5a3 3 0 1 1 4 2.8c-.7.3-1 .8-1 1.7M12 17v.010",
    "post-now": "M3 11l18-8-7 18-3-7zM11 14l10-11",
    "refresh": "M20 5v5h-5M4 19v-5h5M5.5 9A7.5 7.5 0 0 1 19 8.5M18.5 15A7.5 7.5 0 0 1 5 15.5",
    "accounts": "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4 21a8 8 0 0 1 16 0",
    "outbox": "M4 13l3-9h10l3 9v7H4zM4 13h5l1 3h4l1-3h5",
    "full-screen": "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5M9 12h6",
    "take-along": "M5 8h14v12H5zM9 8V5h6v3M12 11v6M9.5 14.5L12 17l2.5-2.5",
    "session": "M4 20h16M7 20v-7M12 20V5M17 20v-10",
    "theme": _RING + "M12 3v18M12 6a6 6 0 0 1 0 12",
    "text-larger": "M3 19L9 5l6 14M5 14.500h8M18 5v6M15 8h6",
    "text-smaller": "M5 19L9.500 8.500 14 19M6.500 15.500h6M16 8h5",
    "quit": "M12 3v9M6.5 6.5a8 8 0 1 0 11 0",
    "online": _CLOUD,
    "offline": _CLOUD + "M3 3l18 18",
    "clock": _RING + "M12 7v5l3.5 2",
    "warning": "M12 3L2 20h20zM12 10v4M12 17v.010",
    "key": "M15 4a5 5 0 1 0-4.6 7L4 17.5V20h3v-2h2v-2l3-3",
    "standby": "M9 5v14M15 5v14",
    "waiting": _RING,
    "current": "M7 4l12 8-12 8z",
    "loading": "M12 3v4M12 17v4M3 12h4M17 12h4M5.6 5.6l2.9 2.9M15.5 15.5l2.9 2.9M5.6 18.4l2.9-2.9",
    "empty": "M4 12l4-8h8l4 8v7H4zM4 12h5a3 3 0 0 0 6 0h5",
    "dot": "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
}


def draw_icon(name: str, colour: QColor, size: int, ratio: float, *, line: float = 1.5) -> QPixmap:
    """An icon of ``size`` logical pixels, its lines ``line`` of them wide at every size.

    ``KeyError`` if there is no such icon.
    """
    width = 24 / size * line
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">'
        f'<path d="{STROKES[name]}" fill="none" stroke="{colour.name()}" stroke-width="{width:.2f}"'
        ' stroke-linecap="round" stroke-linejoin="round"/></svg>'
    )
    pixels = round(size * ratio)
    pixmap = QPixmap(pixels, pixels)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, pixels, pixels))
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap
