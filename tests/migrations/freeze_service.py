"""Make the frozen database of the service's current schema: run once per release, then commit it.

    python tests/migrations/freeze_service.py tests/migrations/frozen 1

A database that is frozen is never made again: it is what people have on their disks.
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from helpers.live_service import LiveService, picture


def freeze(folder: Path, name: str) -> Path:
    """A small database with an asset in every state, and what its decisions left behind."""
    path = folder / f"service-{name}.sqlite3"
    if path.exists():
        raise SystemExit(f"{path} is frozen already")
    with tempfile.TemporaryDirectory() as data, LiveService(Path(data)) as service:
        receiver = "http://127.0.0.1:9/never-there"
        for number, public_id in enumerate(("waits", "holidays/approved", "rejected", "deleted")):
            service.upload(
                picture(number),
                public_id=public_id,
                moderation="webpurify|manual" if number else "manual",
                tags="sea,sand",
                context="alt=A beach|caption=naïve “note”",
                notification_url=receiver,
                backup="1",
            )
        service.upload(b"no picture", public_id="notes.txt", resource_type="raw")
        service.decide("holidays/approved", "approved")
        service.request(
            "POST",
            "/modstation/decisions",
            json={
                "decisions": [
                    {
                        "decision_id": "one",
                        "public_id": "rejected",
                        "status": "rejected",
                        "reason": "spam",
                        "note": "again",
                        "actor": "mod",
                    }
                ]
            },
        ).raise_for_status()
        service.request(
            "DELETE", "/resources/image/upload", params={"public_ids": "deleted"}
        ).raise_for_status()
        service.stop()
        shutil.copy(service.settings.data / "service.sqlite3", path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.execute("VACUUM")
    connection.close()
    return path


if __name__ == "__main__":
    sys.stdout.write(f"{freeze(Path(sys.argv[1]), sys.argv[2])}\n")
