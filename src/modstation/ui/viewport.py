"""Where an image lies on the stage: zoom, pan and rotation as plain numbers, no toolkit."""

from __future__ import annotations

from dataclasses import dataclass

ZOOM_STEP = 1.25
MOST = 16.0
PAN_STEP = 0.15


@dataclass(frozen=True, slots=True)
class Placement:
    """The rectangle of the upright-drawn image in device pixels, and its quarter turns.

    ``width`` and ``height`` are those after the turns.
    """

    x: float
    y: float
    width: float
    height: float
    quarters: int


@dataclass(slots=True)
class Viewport:
    """One look at one image.

    ``natural`` is the size of the best picture there is of it, ``view`` that of the stage, both in
    device pixels. ``scale`` is device pixels per natural pixel; None: the whole image is shown.
    ``centre`` is the point of the turned image in the middle of the stage, as fractions.
    """

    natural: tuple[int, int] = (1, 1)
    view: tuple[int, int] = (1, 1)
    scale: float | None = None
    centre: tuple[float, float] = (0.5, 0.5)
    quarters: int = 0

    @property
    def turned(self) -> tuple[int, int]:
        """The natural size after the turns."""
        width, height = self.natural
        return (height, width) if self.quarters % 2 else (width, height)

    @property
    def fit(self) -> float:
        """The scale at which the whole image is shown; never larger than it is."""
        width, height = self.turned
        return min(1.0, self.view[0] / width, self.view[1] / height)

    @property
    def zoomed(self) -> bool:
        """Not the whole image is shown, or it is shown larger than it is."""
        return self.scale is not None

    @property
    def effective(self) -> float:
        """The scale in use."""
        return self.fit if self.scale is None else self.scale

    def next_image(self, *, keep: bool = False) -> None:
        """The next image: upright, and whole unless zoom and place are to be kept."""
        if keep:
            # The place of the eye on the stage, whatever way the image before was turned.
            self.rotate(-self.quarters)
        else:
            self.scale, self.centre, self.quarters = None, (0.5, 0.5), 0

    def take(self, natural: tuple[int, int]) -> None:
        """The picture has another size."""
        self.natural = natural
        self._keep_inside()

    def resize(self, view: tuple[int, int]) -> None:
        """The stage has another size."""
        self.view = view
        self._keep_inside()

    def zoom(self, factor: float, at: tuple[float, float] | None = None) -> None:
        """Enlarge by a factor around a point of the stage (device pixels; None: its middle)."""
        before = self.effective
        after = min(MOST, before * factor)
        if after <= self.fit:
            self.show_all()
            return
        if at is not None:
            width, height = self.turned
            off = (at[0] - self.view[0] / 2, at[1] - self.view[1] / 2)
            change = 1 / before - 1 / after
            self.centre = (
                self.centre[0] + off[0] * change / width,
                self.centre[1] + off[1] * change / height,
            )
        self.scale = after
        self._keep_inside()

    def show_all(self) -> None:
        """The whole image."""
        self.scale, self.centre = None, (0.5, 0.5)

    def full_size(self) -> None:
        """One pixel of the image is one pixel of the screen."""
        self.scale = 1.0
        self._keep_inside()

    def toggle(self) -> None:
        """Whole image, or 100 %."""
        if self.zoomed:
            self.show_all()
        else:
            self.full_size()

    def rotate(self, quarters: int) -> None:
        """Turn by quarters, clockwise; a zoomed place stays in the middle."""
        x, y = self.centre
        self.centre = {0: (x, y), 1: (1 - y, x), 2: (1 - x, 1 - y), 3: (y, 1 - x)}[quarters % 4]
        self.quarters = (self.quarters + quarters) % 4
        self._keep_inside()

    def pan(self, dx: float, dy: float) -> None:
        """Move the look by device pixels; a whole image stays where it is."""
        if self.scale is None:
            return
        width, height = self.turned
        scale = self.effective
        self.centre = (
            self.centre[0] + dx / (width * scale),
            self.centre[1] + dy / (height * scale),
        )
        self._keep_inside()

    def place(self) -> Placement:
        """Where the image is to be drawn."""
        width, height = (side * self.effective for side in self.turned)
        x = self.view[0] / 2 - self.centre[0] * width
        y = self.view[1] / 2 - self.centre[1] * height
        return Placement(round(x), round(y), width, height, self.quarters)

    def _keep_inside(self) -> None:
        if self.scale is None:
            return
        kept = []
        for side, view, middle in zip(self.turned, self.view, self.centre, strict=True):
            half = view / (2 * side * self.scale)
            kept.append(0.5 if half >= 0.5 else min(max(middle, half), 1 - half))
        self.centre = (kept[0], kept[1])
