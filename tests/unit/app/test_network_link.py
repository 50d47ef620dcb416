"""The station's end of the network process: whatever the child does, the window goes on."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from modstation.app.network_link import START_LOG_BYTES, NetworkLink
from modstation.app.network_messages import NetworkSpec
from modstation.core.accounts import Account
from modstation.core.assets import ModerationStatus
from modstation.core.events import Connection, ConnectionChanged, Event, ImageCached
from modstation.core.queue import QueueView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CACHED = '{"event":"cached","key":"k","rendition":"review"}'


class Line:
    """A link to a child of one line of Python, and what it told."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "log"
        self.spec = NetworkSpec(
            Account("a", "cloud", "key", "http://127.0.0.1:1"),
            "s3cr3t",
            str(folder),
            str(self.log),
            QueueView(),
        )
        self.events: list[Event] = []
        self.crashes: list[BaseException] = []
        self.link: NetworkLink | None = None

    def start(self, *command: str) -> NetworkLink:
        self.link = NetworkLink(
            self.spec,
            on_event=self.events.append,
            crashed=self.crashes.append,
            command=command,
        )
        self.link.start()
        return self.link

    def python(self, script: str) -> NetworkLink:
        return self.start(sys.executable, "-c", f"import sys; {script}")

    def troubles(self) -> list[str]:
        return [
            event.message
            for event in list(self.events)
            if isinstance(event, ConnectionChanged) and event.connection is Connection.TROUBLE
        ]

    def told(self) -> list[str]:
        return [event.key for event in list(self.events) if isinstance(event, ImageCached)]

    def until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 30
        while not condition():
            assert not self.crashes, self.crashes
            assert time.monotonic() < end, self.events
            threading.Event().wait(0.005)


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    line = Line(tmp_path)
    yield line
    if line.link is not None:
        line.link.close()
    assert not line.crashes, line.crashes


def test_a_word_that_death_cut_short_is_ignored(line: Line) -> None:
    line.python(f"sys.stdout.write({CACHED + chr(10) + CACHED[:20]!r}); sys.exit(1)")
    line.until(lambda: bool(line.troubles()))
    assert line.events[0] == ImageCached("k", "review")
    assert "code 1" in line.troubles()[0]


def test_a_process_that_cannot_be_started_is_told_and_tried_again(
    line: Line, tmp_path: Path
) -> None:
    program = tmp_path / "program"
    link = line.start(str(program))
    line.until(lambda: bool(line.troubles()))
    assert "cannot be started" in line.troubles()[0]
    assert link.pid is None
    link.wake()
    link.focus(["k"])
    program.write_text(f"#!{sys.executable}\nprint({CACHED!r}, flush=True)\ninput()\ninput()\n")
    program.chmod(0o700)
    line.until(lambda: ImageCached("k", "review") in line.events)


def test_a_process_that_never_started_costs_closing_nothing(line: Line, tmp_path: Path) -> None:
    link = line.start(str(tmp_path / "no such program"))
    began = time.monotonic()
    link.close()
    assert time.monotonic() - began < 2


def test_its_own_last_words_are_what_is_told(line: Line) -> None:
    said = '{"event":"connection","connection":"trouble","message":"Disk is full.",'
    said += '"until":null,"quota":null}'
    line.python(f"print({said!r}, flush=True); sys.exit(3)")
    line.until(lambda: len(line.troubles()) >= 2)
    assert line.troubles()[:2] == ["Disk is full.", "Disk is full."]


def test_what_went_wrong_at_a_start_is_kept_over_the_next_ones(line: Line) -> None:
    line.log.mkdir(mode=0o700)
    path = line.log / "network-start.log"
    path.write_text("an earlier trouble\n")
    line.python("sys.stderr.write('trouble\\n'); sys.exit(1)")
    line.until(lambda: len(line.troubles()) >= 2)
    assert path.read_text().startswith("an earlier trouble\ntrouble\ntrouble\n")


def test_the_log_of_starts_is_bounded(line: Line) -> None:
    line.log.mkdir(mode=0o700)
    path = line.log / "network-start.log"
    path.write_bytes(b"x" * (START_LOG_BYTES + 1))
    line.python("sys.exit(1)")
    line.until(lambda: bool(line.troubles()))
    assert path.stat().st_size == 0


def test_what_is_to_be_purged_is_told_to_the_next_process_too(line: Line) -> None:
    script = (
        "sys.stdin.readline();"
        " [(sys.stderr.write(said), sys.stderr.flush(), sys.exit(1))"
        " for said in sys.stdin if 'purge' in said]"
    )
    link = line.python(script)
    link.purge(["image/upload/a"])
    link.purge(["image/upload/b"])
    line.until(lambda: len(line.troubles()) >= 3)
    told = (line.log / "network-start.log").read_text().splitlines()
    assert told[-1] == '{"purge":["image/upload/a","image/upload/b"]}'


# Tells the status of every view it is told, beginning with that of its specification.
ECHO_VIEWS = """
import json, sys
for line in sys.stdin:
    view = json.loads(line).get("view")
    if view is not None:
        event = {"event": "cached", "key": view["status"], "rendition": "review"}
        print(json.dumps(event), flush=True)
    if "wake" in line:
        break
"""


def test_a_process_that_is_started_again_lists_the_view_of_now(line: Line) -> None:
    link = line.start(sys.executable, "-c", ECHO_VIEWS)
    link.change_view(QueueView(status=ModerationStatus.REJECTED))
    link.wake()
    line.until(lambda: len(line.troubles()) == 1)
    line.until(lambda: len(line.told()) >= 3)
    # Its specification, the change, and the specification of the process after it.
    assert line.told()[:3] == ["pending", "rejected", "rejected"]


def test_what_is_asked_anew_before_it_was_sent_is_sent_last(line: Line) -> None:
    link = NetworkLink(line.spec, on_event=line.events.append, crashed=line.crashes.append)
    for status in ("rejected", "approved", "rejected"):
        link.change_view(QueueView(status=ModerationStatus(status)))
    assert [message["view"]["status"] for message in link._queue] == ["approved", "rejected"]
