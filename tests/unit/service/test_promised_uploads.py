"""What is answered before it is done: uploads with ``async``, renditions with ``eager_async``."""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import func, select, update

from helpers.live_service import LiveService, picture
from helpers.moving_images import moving
from helpers.receiver import Receiver
from helpers.web_site import Page, WebSite
from modstation.service.schema import assets, blob_jobs, upload_tasks
from modstation.service.uploads.incoming_file import IncomingFile, Source
from modstation.service.uploads.upload_order import Order
from modstation.service.uploads.upload_tasks import promise_upload
from modstation.service.wire import Parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modstation.core.clock import ManualClock
    from modstation.service.service import Service


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as listening:
        yield listening


def send(live: LiveService, content: bytes | str, **parameters: str) -> httpx.Response:
    if isinstance(content, str):
        return live.request("POST", "/image/upload", data={"file": content, **parameters})
    files = {"file": ("My Cat.jpg", content)}
    return live.request("POST", "/image/upload", data=parameters, files=files)


def refusal(answer: httpx.Response) -> str:
    assert answer.status_code == 400, answer.text
    return str(answer.json()["error"]["message"])


def test_an_upload_is_promised_and_done_later(live: LiveService, receiver: Receiver) -> None:
    options = {"async": "1", "notification_url": receiver.url, "moderation": "manual"}
    promise = send(live, picture(1), public_id="later", **options).json()
    batch_id = promise.pop("batch_id")
    assert promise == {"status": "pending", "type": "upload", "public_id": "later"}
    (note,) = receiver.wait_for(1)
    told = note.document
    assert (told["notification_type"], told["public_id"]) == ("upload", "later")
    assert told["batch_id"] == batch_id
    assert told["original_filename"] == "My Cat"
    assert told["moderation"] == [{"kind": "manual", "status": "pending"}]
    assert live.asset("later")["etag"] == told["etag"]


def test_a_remote_file_is_fetched_later(live: LiveService, receiver: Receiver) -> None:
    with WebSite({"/a.jpg": Page(picture(2))}) as site:
        options = {"async": "1", "notification_url": receiver.url, "batch_id": "mine"}
        promise = send(live, f"{site.url}/a.jpg", **options).json()
        assert promise == {"status": "pending", "type": "upload", "batch_id": "mine"}
        (note,) = receiver.wait_for(1)
    assert note.document["original_filename"] == "a"
    assert live.asset(note.document["public_id"])["format"] == "jpg"


def test_a_promise_that_cannot_be_kept_is_told(live: LiveService, receiver: Receiver) -> None:
    options = {"async": "1", "notification_url": receiver.url, "public_id": "none"}
    promise = send(live, b"no picture", **options).json()
    (note,) = receiver.wait_for(1)
    assert note.document["notification_type"] == "error"
    assert note.document["error"] == {"message": "Invalid image file"}
    assert note.document["batch_id"] == promise["batch_id"]
    assert note.document["public_id"] == "none"
    assert live.statuses() == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"eager": "w_abc"}, {"transformation": "c_nope"}, {"type": "odd"}, {"public_id": "a/../b"},
        {"tags": "t" * 300}, {"notification_url": "x"}, {"background_removal": "y"},
        {"batch_id": "b" * 5000},
    ],
)  # fmt: skip
def test_what_is_wrong_already_is_not_promised(shared: LiveService, wrong: dict[str, str]) -> None:
    assert refusal(send(shared, picture(), **{"async": "1"}, **wrong))
    assert refusal(send(shared, "ftp://x/y", **{"async": "1"}))


def test_text_that_is_none_is_neither_promised_nor_kept(shared: LiveService) -> None:
    lone = "\\ud800"
    parts = [("async", "1"), ("name", "odd"), ("whatever", lone)]
    fields = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parts
    )
    file = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{lone}.jpg"\r\n\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=b; charset=unicode_escape"}
    for path, body in {
        "/image/upload": fields.encode() + file.encode() + picture() + b"\r\n--b--\r\n",
        "/upload_presets": fields.encode() + b"--b--\r\n",
    }.items():
        answer = shared.request("POST", path, content=body, headers=headers)
        assert refusal(answer) == "A value in the request is no text"


def promise(service: Service, content: bytes, public_id: str) -> None:
    caller = service.credentials.signing_key("still")
    assert caller is not None
    parameters = Parameters({"public_id": public_id, "async": "1"})
    order = Order(parameters, caller, "image", "http://x", "r", 10_000_000)
    promise_upload(service, order, Source(IncomingFile(BytesIO(content), "x.jpg")))


def stored(service: Service) -> list[str]:
    with service.ledger.read() as connection:
        return list(connection.scalars(select(assets.c.public_id)))


def left(service: Service) -> int:
    with service.ledger.read() as connection:
        return connection.scalar(select(func.count()).select_from(upload_tasks)) or 0


def test_another_replica_follows_one_that_died(still: Service, clock: ManualClock) -> None:
    promise(still, picture(), "followed")
    now_us = int(clock.now().timestamp() * 1_000_000)
    with still.ledger.write() as connection:
        connection.execute(
            update(upload_tasks).values(lease="dead", attempts=1, due_us=now_us + 20_000_000)
        )
    assert still.tasks.step(clock.now()) == 0
    clock.advance(21)
    assert still.tasks.step(clock.now()) == 1
    still.tasks.drain()
    assert (stored(still), left(still)) == (["followed"], 0)


def test_of_two_that_do_it_at_once_one_takes_everything_back(
    still: Service, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    promise(still, picture(), "once")
    put = still.blobs.put

    def put_slowly(name: str, content: Any) -> None:
        # Meanwhile the claim was over, and another replica has taken it.
        put(name, content)
        with still.ledger.write() as connection:
            connection.execute(update(upload_tasks).values(lease="other"))

    monkeypatch.setattr(still.blobs, "put", put_slowly)
    still.tasks.step(clock.now())
    still.tasks.drain()
    assert (stored(still), left(still)) == ([], 1)
    with still.ledger.read() as connection:
        # The file of the promise is kept, its copy goes.
        assert connection.scalar(select(func.count()).select_from(blob_jobs)) == 1


def test_a_long_task_stays_claimed(still: Service, clock: ManualClock) -> None:
    with WebSite({"/drip": Page(slowly=True)}) as site:
        caller = still.credentials.signing_key("still")
        assert caller is not None
        order = Order(Parameters({}), caller, "raw", "http://x", "r", 10_000_000)
        promise_upload(still, order, Source(remote=f"{site.url}/drip"))
        assert still.tasks.step(clock.now()) == 1
        for _ in range(4):
            clock.advance(15)
            assert still.tasks.step(clock.now()) == 0
    still.tasks.drain()


def test_a_task_that_never_succeeds_is_given_up(still: Service, clock: ManualClock) -> None:
    promise(still, picture(), "poison")
    with still.ledger.write() as connection:
        connection.execute(update(upload_tasks).values(attempts=10))
    assert still.tasks.step(clock.now()) == 1
    still.tasks.drain()
    assert (stored(still), left(still)) == ([], 0)


def attempts(service: Service) -> list[int]:
    with service.ledger.read() as connection:
        return list(connection.scalars(select(upload_tasks.c.attempts)))


def put_off(service: Service, clock: ManualClock, times: int) -> None:
    """Do what is due that many times, while storage is away."""

    def away(*_given: object) -> None:
        raise ConnectionError

    with pytest.MonkeyPatch.context() as outage:
        outage.setattr(service.blobs, "put", away)
        for _ in range(times):
            assert service.tasks.step(clock.now()) == 1
            service.tasks.drain()
            clock.advance(21)


def test_an_outage_costs_no_attempt(
    still: Service, clock: ManualClock, allow_log: Callable[[str], None]
) -> None:
    allow_log("upload task .* is put off")
    promise(still, picture(), "patient")
    put_off(still, clock, 12)
    assert attempts(still) == [1]
    assert still.tasks.step(clock.now()) == 1
    still.tasks.drain()
    assert (stored(still), left(still)) == (["patient"], 0)


def test_an_outage_of_days_counts(
    still: Service, clock: ManualClock, allow_log: Callable[[str], None]
) -> None:
    allow_log("upload task .* is put off")
    promise(still, picture(), "hopeless")
    clock.advance(3 * 86_400)
    put_off(still, clock, 10)
    assert still.tasks.step(clock.now()) == 1
    still.tasks.drain()
    assert (stored(still), left(still)) == ([], 0)


def test_renditions_are_made_with_the_upload(shared: LiveService) -> None:
    answer = send(
        shared, picture(), public_id="e/x", eager="c_fill,w_100,h_50|w_20/png|f_webp"
    ).json()
    first, second, third = answer["eager"]
    version = answer["version"]
    base = f"{shared.url}/{shared.cloud}/image/upload"
    assert first == {
        "transformation": "c_fill,w_100,h_50",
        "width": 100,
        "height": 50,
        "bytes": first["bytes"],
        "format": "jpg",
        "url": f"{base}/c_fill,w_100,h_50/v{version}/e/x.jpg",
        "secure_url": f"{base}/c_fill,w_100,h_50/v{version}/e/x.jpg",
    }
    assert (second["format"], second["width"], second["url"][-4:]) == ("png", 20, ".png")
    assert (third["format"], third["width"]) == ("webp", 320)
    assert shared.service is not None
    kept = shared.service.blobs.names("renditions")
    with httpx.Client(trust_env=False, verify=False) as browser:
        for each in answer["eager"]:
            delivered = browser.get(each["url"])
            assert len(delivered.content) == each["bytes"]
            assert delivered.headers["content-type"].endswith(each["format"].replace("jpg", "jpeg"))
    assert shared.service.blobs.names("renditions") == kept


def test_renditions_are_asked_for_with_named_components_too(shared: LiveService) -> None:
    asked = [
        {"width": 5, "crop": "scale", "quality": "auto", "angle": "exif"},
        {"height": 6, "gravity": "auto", "crop": "fill", "width": 4, "fetch_format": "webp"},
        {"width": 7, "dpr": 2.0, "format": "png"},
        "w_8",
    ]
    text = send(shared, picture(), public_id="named", eager=json.dumps(asked)).json()
    body = {"public_id": "named", "type": "upload", "eager": asked}
    listed = shared.request("POST", "/image/explicit", json=body).json()
    for answer in (text, listed):
        assert [each["transformation"] for each in answer["eager"]] == [
            "a_exif,c_scale,q_auto,w_5",
            "c_fill,f_webp,g_auto,h_6,w_4",
            "dpr_2.0,w_7",
            "w_8",
        ]
        assert [each["width"] for each in answer["eager"]] == [5, 4, 14, 8]
        assert [each["format"] for each in answer["eager"]] == ["jpg", "webp", "png", "jpg"]


@pytest.mark.parametrize(
    ("eager", "said"),
    [
        ('[{"widht":5}]', "expected are named components"),
        ('[{"width":{"max":5}}]', "expected are named components"),
        ('[{"transformation":[{"width":5}]}]', "expected are named components"),
        ('[{"width":"5,e_sepia"}]', "expected are named components"),
        ('[{"width":5,"effect":"sepia"}]', "effect"),
        ('[{"width":5', "Invalid JSON in parameter eager"),
        ("[[5]]", "Invalid value for parameter eager"),
    ],
)
def test_named_components_that_are_none_are_refused_in_words(
    shared: LiveService, eager: str, said: str
) -> None:
    assert said in refusal(send(shared, picture(), public_id="refused", eager=eager))


@pytest.mark.parametrize(
    "eager", ["w_abc", "e_sepia", "w_10/exe", "nonsense", "d_x", "w_1|" * 17, "w_1/" * 9 + "w_1"]
)
def test_renditions_that_cannot_be_made_refuse_the_upload(shared: LiveService, eager: str) -> None:
    assert refusal(send(shared, picture(), public_id="refused", eager=eager))
    assert shared.status_of("refused") is None
    assert "refused" not in shared.statuses()


def test_a_file_without_pixels_has_no_renditions(shared: LiveService) -> None:
    files = {"file": ("x.bin", b"x")}
    answer = shared.request("POST", "/raw/upload", data={"eager": "w_1"}, files=files)
    assert "eager" in refusal(answer)


def test_renditions_are_promised_and_made_later(live: LiveService, receiver: Receiver) -> None:
    options = {"eager_async": "1", "eager_notification_url": receiver.url}
    answer = send(live, picture(), public_id="slow", eager="w_30|w_40/png", **options).json()
    first, second = answer["eager"]
    assert (first["status"], first["batch_id"]) == ("processing", second["batch_id"])
    assert first["url"].endswith(f"/w_30/v{answer['version']}/slow.jpg")
    (note,) = receiver.wait_for(1)
    told = note.document
    assert (told["notification_type"], told["public_id"]) == ("eager", "slow")
    assert told["batch_id"] == first["batch_id"]
    assert [(each["width"], each["format"]) for each in told["eager"]] == [(30, "jpg"), (40, "png")]


def test_a_stored_picture_gets_renditions(live: LiveService, receiver: Receiver) -> None:
    live.upload(public_id="there", moderation="manual")

    def explicit(**parameters: str) -> httpx.Response:
        named = {"public_id": "there", "type": "upload", **parameters}
        return live.request("POST", "/image/explicit", data=named)

    now = explicit(eager="w_60", tags="seen").json()
    assert [each["width"] for each in now["eager"]] == [60]
    assert now["tags"] == ["seen"]
    later = explicit(eager="w_70", eager_async="1", eager_notification_url=receiver.url).json()
    assert later["eager"][0]["status"] == "processing"
    (note,) = receiver.wait_for(1)
    assert [each["width"] for each in note.document["eager"]] == [70]
    assert "effect" in refusal(explicit(eager="e_sepia", tags="no"))
    assert live.asset("there")["tags"] == ["seen"]


def test_a_picture_is_converted_before_it_is_stored(shared: LiveService) -> None:
    png = send(shared, picture(), format="png").json()
    assert (png["format"], png["width"]) == ("png", 320)
    small = send(shared, picture(), transformation="c_limit,w_100/c_fill,w_40,h_40").json()
    assert (small["format"], small["width"], small["height"]) == ("jpg", 40, 40)
    both = send(shared, picture(kind="BMP"), transformation="w_10", format="webp").json()
    assert (both["format"], both["width"]) == ("webp", 10)
    with httpx.Client(trust_env=False, verify=False) as browser:
        assert browser.get(both["url"]).headers["content-type"] == "image/webp"
    allowed = {"allowed_formats": "png", "format": "png"}
    assert "not allowed" in refusal(send(shared, picture(), **allowed))


@pytest.mark.parametrize(
    ("name", "value"),
    [("format", "bmp"), ("format", "exe"), ("transformation", "e_x"), ("transformation", "d_x")],
)
def test_a_change_that_cannot_be_made_is_refused(
    shared: LiveService, name: str, value: str
) -> None:
    assert refusal(send(shared, picture(), **{name: value}))


def test_an_animation_is_not_made_a_picture(shared: LiveService) -> None:
    assert "animated" in refusal(send(shared, moving("GIF", 3), format="png"))


def test_a_public_id_gets_the_prefixes_asked_for(shared: LiveService) -> None:
    answer = send(shared, picture(), public_id="x", public_id_prefix="p/q").json()
    assert answer["public_id"] == "p/q/x"
    options = {"asset_folder": "af/in", "use_asset_folder_as_public_id_prefix": "true"}
    assert send(shared, picture(), public_id="x", **options).json()["public_id"] == "af/in/x"
    unnamed = send(shared, picture(), asset_folder="af").json()
    assert "/" not in unnamed["public_id"]
    dropped = send(shared, picture(), discard_original_filename="1").json()
    assert "original_filename" not in dropped
