"""Which addresses the service may connect to when a caller chose the host.

A caller names the host of a remote file or of a notification's receiver. What is behind the
service's own walls – loopback, private networks, the cloud's metadata address – is refused,
unless the operator lists it. A name is looked up once, every address it has is checked, and the
checked address is what ``guarded_http`` connects to: a name server that answers differently the
second time is never asked a second time.
"""

from __future__ import annotations

import re
import socket
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TYPE_CHECKING

import httpx

from modstation.core.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Address = IPv4Address | IPv6Address
    Network = IPv4Network | IPv6Network
    #: Host and port to the addresses they have; raises OSError if there are none.
    Resolve = Callable[[str, int], Sequence[str]]

_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?")
_NUMBERS = re.compile(r"(0x[0-9a-f]{1,16}|[0-9]{1,16})(\.(0x[0-9a-f]{1,16}|[0-9]{1,16})){0,3}")
# IPv4 written inside IPv6: the network, and how many bits follow the embedded address.
_EMBEDDING = (
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("::/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("2002::/16"), 80),
)
# Neither private nor loopback by Python's tables, or only by those of its latest releases.
_NEVER: tuple[Network, ...] = (
    IPv4Network("100.64.0.0/10"),
    # Azure's metadata and name server, a public address by number.
    IPv4Network("168.63.129.16/32"),
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),
    IPv4Network("198.18.0.0/15"),
    IPv4Network("224.0.0.0/3"),
    IPv6Network("64:ff9b:1::/48"),
    IPv6Network("100::/64"),
    # Teredo hides the client's address where it cannot be checked.
    IPv6Network("2001::/23"),
    IPv6Network("2001:db8::/32"),
    IPv6Network("3fff::/20"),
    IPv6Network("5f00::/16"),
    IPv6Network("fec0::/10"),
    IPv6Network("ff00::/8"),
)


class AddressRefused(httpx.ConnectError):
    """The host is one that callers may not make the service talk to."""


class AddressGuard:
    """Says which addresses of a host may be connected to.

    ``allowed`` are host names and networks (``10.1.0.0/16``, ``::1``) that are let by whatever
    they are; raises SettingsError for one that is neither.
    """

    def __init__(self, allowed: Iterable[str] = (), resolve: Resolve | None = None) -> None:
        self._hosts: set[str] = set()
        self._networks: list[Network] = []
        self._resolve = resolve or _look_up
        for item in allowed:
            try:
                self._networks.append(ip_network(item, strict=False))
            except ValueError as error:
                if not _HOST.fullmatch(item.lower()) or re.fullmatch(r"[0-9.]+", item):
                    raise SettingsError(
                        f"“{item}” is neither a host nor a network like 10.1.0.0/16."
                    ) from error
                self._hosts.add(item.lower())

    def addresses(self, host: str, port: int) -> list[str]:
        """The host's addresses, every one checked.

        Raises AddressRefused if one of them must not be connected to, httpx.ConnectError if
        there are none. Waits for the name server.
        """
        host = _plain(host)
        try:
            found = list(self._resolve(host, port))
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(f"No such host - {host}") from error
        if not found:
            raise httpx.ConnectError(f"No such host - {host}")
        self.check(host, found)
        return found

    def check_written(self, host: str) -> None:
        """Raise AddressRefused for a host that is written as an address and may not be used.

        Nobody is asked: what a name stands for is checked when it is connected to.
        """
        address = _written(_plain(host))
        if address is not None:
            self.check(host, [str(address)])

    def check(self, host: str, addresses: Iterable[str]) -> None:
        """Raise AddressRefused unless every one of these addresses of a host may be used."""
        host = _plain(host)
        if host in self._hosts:
            return
        for text in addresses:
            if not self._may_connect(ip_address(text)):
                raise AddressRefused(f"Address not allowed - {host}")

    def _may_connect(self, address: Address) -> bool:
        plain = _unwrapped(address)
        if any(address in network or plain in network for network in self._networks):
            return True
        return plain.is_global and not any(plain in network for network in _NEVER)


def _plain(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()


def _written(host: str) -> Address | None:
    """The address a host is written as, in the shorter spellings of IPv4 too; None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        # As every resolver reads 127.1 and 0x7f000001.
        return ip_address(socket.inet_aton(host)) if _NUMBERS.fullmatch(host) else None
    except OSError:
        return None


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, else the address itself."""
    if isinstance(address, IPv6Address):
        for network, behind in _EMBEDDING:
            if address in network:
                return IPv4Address(int(address) >> behind & 0xFFFFFFFF)
    return address


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[4][0]) for place in found))
