"""No caller makes the service talk to what is behind its walls."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import httpx
import pytest

from helpers.live_service import LiveService, picture
from helpers.web_site import Page, WebSite
from modstation.core.errors import SettingsError
from modstation.service.outside.address_guard import AddressGuard, AddressRefused
from modstation.service.outside.guarded_http import guarded_transport, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PUBLIC = "93.184.215.14"


class Names:
    """A name server; every name has a list of answers, of which the last one stays."""

    def __init__(self, **names: list[Sequence[str]]) -> None:
        self.names = names
        self.asked = 0

    def __call__(self, host: str, _port: int) -> Sequence[str]:
        self.asked += 1
        answers = self.names.get(host.replace(".", "_"))
        if answers is None:
            raise OSError(host)
        return answers.pop(0) if len(answers) > 1 else answers[0]


def client(guard: AddressGuard, **options: object) -> httpx.Client:
    return httpx.Client(transport=guarded_transport(guard), trust_env=False, **options)


@pytest.fixture
def site() -> Iterator[WebSite]:
    with WebSite({"/cat.jpg": Page(b"meow")}) as listening:
        yield listening


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255",
        "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200", "168.63.129.16",
        "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "224.0.0.1", "239.1.1.1",
        "240.0.0.1", "255.255.255.255",
        "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1",
        "2001:db8::1", "2001::1", "100::1", "64:ff9b:1::7f00:1", "3fff::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::127.0.0.1",
        "64:ff9b::a9fe:a9fe", "2002:7f00:1::1", "2002:a9fe:a9fe::",
    ],
)  # fmt: skip
def test_what_is_not_public_is_refused(address: str) -> None:
    guard = AddressGuard(resolve=lambda _host, _port: [address])
    with pytest.raises(AddressRefused, match=r"Address not allowed - innocent\.example"):
        guard.addresses("innocent.example", 80)
    mixed = AddressGuard(resolve=lambda _host, _port: [PUBLIC, address])
    with pytest.raises(AddressRefused):
        mixed.addresses("innocent.example", 80)


@pytest.mark.parametrize(
    "address",
    [
        PUBLIC, "8.8.8.8", "2606:4700::1111", f"::ffff:{PUBLIC}", f"64:ff9b::{PUBLIC}",
        "2002:808:808::1",
    ],
)  # fmt: skip
def test_what_is_public_is_let_by(address: str) -> None:
    assert AddressGuard(resolve=lambda _host, _port: [address]).addresses("x", 80) == [address]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost", "LOCALHOST.",
        "[::1]",
    ],
)  # fmt: skip
def test_no_spelling_of_loopback_is_let_by(host: str) -> None:
    with pytest.raises(httpx.ConnectError):
        AddressGuard().addresses(host, 80)


@pytest.mark.parametrize(
    ("allowed", "host", "let_by"),
    [
        ("10.1.0.0/16", "10.1.2.3", True),
        ("10.1.0.0/16", "10.2.2.3", False),
        ("10.1.0.0/16", "::ffff:10.1.2.3", True),
        ("127.0.0.1", "127.0.0.1", True),
        ("::1", "::1", True),
        ("photos.intranet", "photos.intranet", True),
        ("Photos.Intranet", "photos.intranet", True),
        ("photos.intranet", "other.intranet", False),
    ],
)
def test_an_operator_lists_hosts_and_networks(allowed: str, host: str, let_by: bool) -> None:
    def resolve(name: str, _port: int) -> list[str]:
        return ["10.9.9.9"] if name.endswith("intranet") else [name]

    guard = AddressGuard([allowed], resolve)
    if let_by:
        assert guard.addresses(host, 80)
    else:
        with pytest.raises(AddressRefused):
            guard.addresses(host, 80)


@pytest.mark.parametrize("allowed", ["10.0.0.0/33", "10.0.0.1/x", "http://x/", "", "*", "1.2.3"])
def test_a_list_that_means_nothing_stops_the_start(allowed: str) -> None:
    with pytest.raises(SettingsError):
        AddressGuard([allowed])


def test_a_listed_address_is_reached(site: WebSite) -> None:
    with client(AddressGuard(["127.0.0.0/8"])) as browser:
        assert browser.get(f"{site.url}/cat.jpg").content == b"meow"
        assert browser.post(f"{site.url}/cat.jpg").status_code == 501
    with client(AddressGuard()) as browser, pytest.raises(AddressRefused):
        browser.get(f"{site.url}/cat.jpg")
    assert site.asked == ["/cat.jpg"]


def test_a_redirect_behind_the_walls_is_refused(site: WebSite) -> None:
    with WebSite(
        {"/": Page(status=302, headers={"Location": f"http://inner:{site.port}/"})}
    ) as bad:
        names = Names(outer=[["127.0.0.1"]], inner=[["127.0.0.1"]])
        with client(AddressGuard(["outer"], names), follow_redirects=True) as browser:
            with pytest.raises(AddressRefused):
                browser.get(f"http://outer:{bad.port}/")
            assert browser.get(f"http://outer:{site.port}/cat.jpg").content == b"meow"
    assert site.asked == ["/cat.jpg"]


def test_a_name_is_looked_up_once_and_that_address_connected_to(site: WebSite) -> None:
    # The second answer would be the attack; 127.0.0.2 is listed, 127.0.0.1 is where the site is.
    names = Names(rebinding_example=[["127.0.0.2"], ["127.0.0.1"]])
    with (
        client(AddressGuard(["127.0.0.2/32"], names)) as browser,
        pytest.raises(httpx.ConnectError) as refused,
    ):
        browser.get(f"http://rebinding.example:{site.port}/cat.jpg")
    assert not isinstance(refused.value, AddressRefused)
    assert names.asked == 1
    assert site.asked == []


def test_the_next_address_is_tried_when_one_does_not_answer(site: WebSite) -> None:
    names = Names(two=[["127.0.0.9", "127.0.0.1"]])
    with client(AddressGuard(["127.0.0.0/8"], names)) as browser:
        assert browser.get(f"http://two:{site.port}/cat.jpg").content == b"meow"
        with pytest.raises(httpx.ConnectError, match="No such host"):
            browser.get("http://nowhere/")


def test_proxies_of_the_environment_are_ignored(
    site: WebSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    with client(AddressGuard(["127.0.0.1"])) as browser:
        assert browser.get(f"{site.url}/cat.jpg").content == b"meow"


def test_a_site_that_drips_is_left_at_the_end_of_the_time(site: WebSite) -> None:
    site.pages["/drip"] = Page(slowly=True)
    with (
        client(AddressGuard(["127.0.0.1"]), timeout=30) as browser,
        within(0.3),
        pytest.raises(httpx.ReadTimeout),
    ):
        browser.get(f"{site.url}/drip")


def test_the_name_asked_for_is_the_one_the_certificate_must_have() -> None:
    said: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen() -> None:
            connection, _ = listener.accept()
            with connection:
                said.append(connection.recv(4096))

        listening = threading.Thread(target=listen)
        listening.start()
        names = Names(shop_example=[["127.0.0.1"]])
        with (
            client(AddressGuard(["shop.example"], names)) as browser,
            pytest.raises(httpx.ConnectError),
        ):
            browser.get(f"https://shop.example:{listener.getsockname()[1]}/")
        listening.join()
    # The greeting of TLS carries the name in the clear.
    assert b"shop.example" in said[0]
    assert b"127.0.0.1" not in said[0]


INWARD = ["10.0.0.1", "127.1", "0x7f000001", "2130706433", "[::1]", "[fe80::1]", "169.254.169.254"]


@pytest.mark.parametrize("host", INWARD)
def test_a_host_that_is_written_as_an_address_is_refused_before_anyone_is_asked(host: str) -> None:
    with pytest.raises(AddressRefused):
        AddressGuard(resolve=never).check_written(host)


@pytest.mark.parametrize(
    "host", [PUBLIC, "localhost", "intranet", "10.0.0.1.example", "1.2.3.4.5", ""]
)
def test_a_name_is_looked_at_when_it_is_connected_to(host: str) -> None:
    AddressGuard(resolve=never).check_written(host)


@pytest.mark.parametrize("allowed", ["10.0.0.0/8", "10.0.0.1"])
def test_a_written_address_may_be_on_the_list(allowed: str) -> None:
    AddressGuard([allowed], resolve=never).check_written("10.0.0.1")


def test_calls_refuse_receivers_and_files_behind_the_walls(tmp_path: Path) -> None:
    photo = {"file": ("x.jpg", picture())}
    with LiveService(tmp_path, allow_networks=("10.1.0.0/16",)) as live:
        live.upload(public_id="there")
        for host in ("10.0.0.1", "[::1]"):
            url = f"http://{host}/hook"
            told = {"notification_url": url, "public_id": "x"}
            trigger = {"uri": url, "event_type": "upload"}
            remote = {"file": f"http://{host}/x.jpg", "async": "1"}
            for path, options in (
                ("/image/upload", {"data": told, "files": photo}),
                ("/image/upload", {"data": told | {"async": "1"}, "files": photo}),
                ("/image/upload", {"data": remote}),
                ("/image/destroy", {"data": told | {"public_id": "there"}}),
                ("/resources/image/upload/there", {"data": told}),
                ("/upload_presets", {"data": told}),
                ("/triggers", {"data": trigger}),
            ):
                answer = live.request("POST", path, **options)
                assert answer.status_code == 400, (path, answer.text)
                assert "not allowed" in answer.json()["error"]["message"]
        assert live.statuses() == {"there": None}
        allowed = {"uri": "http://10.1.2.3/hook", "event_type": "upload"}
        assert live.request("POST", "/triggers", data=allowed).status_code == 200


def never(_host: str, _port: int) -> list[str]:
    raise AssertionError("a name server was asked")
