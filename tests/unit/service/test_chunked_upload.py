"""Large files that arrive in parts."""

from __future__ import annotations

import hashlib
import random
import threading
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from helpers.live_service import LiveService
from modstation.core.clock import ManualClock
from modstation.service.access.cloud_settings import CloudSettings
from modstation.service.access.clouds import ensure_cloud
from modstation.service.access.sealing import Seal
from modstation.service.schema import chunked_uploads, upload_parts

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from helpers.postgres import Cluster

MB = 1_000_000
HOUR = 3600
WHOLE = random.Random(4).randbytes(12 * MB + 17)
PARTS = [(0, 5 * MB), (5 * MB, 10 * MB), (10 * MB, len(WHOLE))]


def send(
    live: LiveService,
    part: tuple[int, int],
    upload_id: str = "u",
    *,
    total: int | str = len(WHOLE),
    kind: str = "raw",
    action: str = "upload",
    **parameters: str,
) -> httpx.Response:
    start, stop = part
    headers = {"Content-Range": f"bytes {start}-{stop - 1}/{total}"}
    headers["X-Unique-Upload-Id"] = upload_id
    content = {"file": ("big.bin", WHOLE[start:stop])}
    path = f"/{kind}/{action}"
    return live.request("POST", path, headers=headers, data=parameters, files=content)


def refusal(answer: httpx.Response) -> str:
    assert answer.status_code == 400, answer.text
    return str(answer.json()["error"]["message"])


def is_whole(live: LiveService, answer: dict[str, Any]) -> bool:
    assert answer["bytes"] == len(WHOLE)
    assert answer["etag"] == hashlib.md5(WHOLE).hexdigest()
    path = f"/modstation/resources/raw/upload/{answer['public_id']}/pixels"
    return live.request("GET", path).content == WHOLE


def rows(live: LiveService, table: Any) -> int:
    assert live.service is not None
    with live.service.ledger.read() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_parts_become_one_asset(live: LiveService) -> None:
    first = send(live, PARTS[0], public_id="big", folder="f").json()
    assert first == {"done": False, "bytes": 5 * MB, "kind": "upload", "public_id": "big"}
    assert live.statuses() == {}
    second = send(live, PARTS[1], public_id="big", folder="f").json()
    assert (second["done"], second["bytes"]) == (False, 10 * MB)
    last = send(live, PARTS[2], public_id="big", folder="f", moderation="manual").json()
    assert last["public_id"] == "f/big"
    assert last["original_filename"] == "big"
    assert last["moderation"] == [{"kind": "manual", "status": "pending"}]
    assert is_whole(live, last)
    assert rows(live, upload_parts) == 0
    # The answer got lost, and the last part is sent once more.
    assert send(live, PARTS[2], public_id="big", folder="f").json() == last
    assert list(live.statuses()) == ["f/big"]


def test_parts_come_in_any_order_repeated_and_overlapping(shared: LiveService) -> None:
    for part in (PARTS[2], PARTS[1], PARTS[1], (4 * MB, 9 * MB + 1), PARTS[2]):
        answer = send(shared, part, "mixed").json()
        assert answer["done"] is False
        assert "public_id" not in answer
    assert is_whole(shared, send(shared, PARTS[0], "mixed").json())


def test_a_stream_tells_its_length_with_the_last_part(shared: LiveService) -> None:
    assert send(shared, PARTS[0], "stream", total=-1).json()["done"] is False
    assert send(shared, PARTS[1], "stream", total="*").json()["done"] is False
    answer = send(shared, PARTS[2], "stream", action="upload_chunked").json()
    assert is_whole(shared, answer)


def test_numbered_parts(shared: LiveService) -> None:
    def numbered(number: int) -> httpx.Response:
        start, stop = PARTS[number - 1]
        headers = {
            "X-Upload-Part-Number": str(number),
            "X-Upload-Total-Parts": "3",
            "X-Unique-Upload-Id": "numbers",
        }
        files = {"file": ("big.bin", WHOLE[start:stop])}
        return shared.request("POST", "/raw/upload", headers=headers, files=files)

    assert numbered(2).json()["done"] is False
    assert numbered(3).json()["done"] is False
    assert "numbered" in refusal(send(shared, PARTS[0], "numbers"))
    assert is_whole(shared, numbered(1).json())


def test_one_part_that_is_all_is_a_plain_upload(shared: LiveService) -> None:
    answer = send(shared, (0, 100), "small", total=100, public_id="small.bin").json()
    assert answer["bytes"] == 100


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"Content-Range": "bytes 0-9/20"}, "Missing required header - X-Unique-Upload-Id"),
        ({"Content-Range": "bytes 9-0/20"}, "Invalid value bytes 9-0/20 for header Content-Range"),
        ({"Content-Range": "bytes 0-30/20"}, "Invalid value"),
        ({"Content-Range": "0-30/20"}, "Invalid value"),
        ({"Content-Range": "bytes 0-9/٣"}, "Invalid value"),
        ({"X-Upload-Part-Number": "0", "X-Upload-Total-Parts": "2"}, "Invalid value"),
        ({"X-Upload-Part-Number": "3", "X-Upload-Total-Parts": "2"}, "Invalid value"),
        ({"X-Upload-Total-Parts": "2"}, "Invalid value"),
        ({"Content-Range": "bytes 0-8/20", "X-Unique-Upload-Id": "x"}, "Content-Range tells of 9"),
        (
            {"Content-Range": "bytes 0-9/20", "X-Unique-Upload-Id": "x"},
            "All parts except EOF-chunk must be larger than 5mb",
        ),
        ({"Content-Range": "bytes 0-9/20", "X-Unique-Upload-Id": "x" * 256}, "Invalid value"),
        (
            {"Content-Range": f"bytes 0-9/{10**14}", "X-Unique-Upload-Id": "x"},
            "All parts except EOF-chunk",
        ),
        (
            {"Content-Range": f"bytes {10**14 - 10}-{10**14 - 1}/{10**14}",
             "X-Unique-Upload-Id": "x"},
            "File size too large",
        ),
    ],
)  # fmt: skip
def test_headers_that_mean_nothing_are_refused(
    shared: LiveService, headers: dict[str, str], said: str
) -> None:
    raw = {name: value.encode() for name, value in headers.items()}
    files = {"file": ("x.bin", b"x" * 10)}
    assert said in refusal(shared.request("POST", "/raw/upload", headers=raw, files=files))


def test_parts_that_contradict_each_other_are_refused(shared: LiveService) -> None:
    assert send(shared, PARTS[0], "odd").json()["done"] is False
    assert "one total" in refusal(send(shared, PARTS[1], "odd", total=len(WHOLE) + 1))
    address = {"file": "http://127.0.0.1:9/x"}
    headers = {"Content-Range": "bytes 5-9/10", "X-Unique-Upload-Id": "odd"}
    answer = shared.request("POST", "/raw/upload", headers=headers, data=address)
    assert "in parts" in refusal(answer)


def test_a_file_that_is_no_image_is_refused_when_it_is_whole(shared: LiveService) -> None:
    for part in PARTS[:2]:
        assert send(shared, part, "no-image", kind="image").json()["done"] is False
    assert refusal(send(shared, PARTS[2], "no-image", kind="image")) == "Invalid image file"


def test_one_upload_id_in_two_clouds_is_two_uploads(live: LiveService) -> None:
    assert live.service is not None
    service = live.service
    seal = Seal(service.settings.sealing_key)
    with service.ledger.write() as connection:
        other = ensure_cloud(connection, seal, "other", CloudSettings(), 0)
    assert send(live, PARTS[0], "same").json()["done"] is False
    here = (live.cloud, live.key, live.secret)
    live.cloud, live.key, live.secret = other.cloud, other.api_key, other.secret
    for part in PARTS[1:]:
        assert send(live, part, "same").json()["done"] is False
    live.cloud, live.key, live.secret = here
    assert rows(live, chunked_uploads) == 2
    assert send(live, PARTS[1], "same").json()["done"] is False
    assert is_whole(live, send(live, PARTS[2], "same").json())


def test_the_last_two_parts_at_once_make_one_asset(live: LiveService) -> None:
    send(live, PARTS[0], "race")
    answers: list[dict[str, Any]] = []
    together = threading.Barrier(4)

    def add(part: tuple[int, int]) -> None:
        together.wait()
        answers.append(send(live, part, "race").json())

    threads = [threading.Thread(target=add, args=(part,)) for part in PARTS[1:] * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(live.statuses()) == 1
    whole = [answer for answer in answers if "asset_id" in answer]
    assert whole
    assert all(answer == whole[0] for answer in whole)
    assert is_whole(live, whole[0])


def test_parts_nobody_finished_are_forgotten_after_a_day(
    tmp_path: Path, database: str | None
) -> None:
    clock = ManualClock()
    with LiveService(tmp_path, clock=clock, database=database) as live:
        assert live.service is not None
        send(live, PARTS[0], "left")
        finished = [send(live, part, "done") for part in PARTS][-1].json()
        blobs = live.service.blobs
        clock.advance(23 * HOUR)
        live.service.housekeeper.step(clock.now())
        assert rows(live, chunked_uploads) == 2
        clock.advance(2 * HOUR)
        live.service.housekeeper.step(clock.now())
        assert (rows(live, chunked_uploads), rows(live, upload_parts)) == (0, 0)
        clock.advance(HOUR)
        while live.service.housekeeper.step(clock.now()):
            pass
        assert len(blobs.names("originals")) == 1
        assert is_whole(live, finished)


def test_any_replica_takes_any_part(tmp_path: Path, cluster: Cluster) -> None:
    (tmp_path / "blobs").mkdir()
    with cluster.database() as url:
        shared = {
            "database": url,
            "storage": f"file://{tmp_path / 'blobs'}",
            "key_file": tmp_path / "service.key",
        }
        with (
            LiveService(tmp_path / "one", **shared) as one,
            LiveService(tmp_path / "two", **shared) as two,
        ):
            assert send(two, PARTS[2], "spread").json()["done"] is False
            assert send(one, PARTS[0], "spread").json()["done"] is False
            answer = send(two, PARTS[1], "spread").json()
            assert is_whole(one, answer)
            again = send(one, PARTS[1], "spread").json()
            assert again["asset_id"] == answer["asset_id"]
