"""What must be said before an image is decided: its bytes are not those that were listed."""

from __future__ import annotations

import threading
from collections import OrderedDict

# Warnings kept, the last ones: far more than there are pictures near the stage.
_MOST = 512
_RENDITIONS = ("review", "original")


class PictureWarnings:
    """The warnings of the pictures that were loaded last; any thread may call it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._texts: OrderedDict[tuple[str, str], str] = OrderedDict()

    def note(self, key: str, rendition: str, text: str | None) -> None:
        """A picture was loaded, with a warning or without one."""
        with self._lock:
            self._texts.pop((key, rendition), None)
            if text:
                self._texts[key, rendition] = text
                if len(self._texts) > _MOST:
                    self._texts.popitem(last=False)

    def of(self, key: str) -> str | None:
        """The warning of an image: that of what is shown first, else that of its original."""
        with self._lock:
            found = (self._texts.get((key, rendition)) for rendition in _RENDITIONS)
            return next((text for text in found if text), None)
