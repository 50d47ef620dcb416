"""Fetching a file from an address that a caller names (reference 2.1)."""

from __future__ import annotations

import re
import tempfile
from contextlib import contextmanager
from http import HTTPStatus
from typing import IO, TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import httpx

from modstation.service.faults import BadRequest
from modstation.service.outside.address_guard import AddressRefused
from modstation.service.outside.guarded_http import guarded_transport, within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modstation.service.outside.address_guard import AddressGuard

_LONGEST_URL = 4096
_MOST_REDIRECTS = 5
_PER_READ = 10.0
# Asked for as it is: what a server packs, nobody knows the size of before it is unpacked.
_HEADERS = {"User-Agent": "modstation", "Accept": "*/*", "Accept-Encoding": "identity"}


class GivenUp(Exception):
    """The service stops; the file can be fetched again."""


@contextmanager
def fetched(
    guard: AddressGuard, url: str, *, most_bytes: int, seconds: float, stopping: Callable[[], bool]
) -> Iterator[tuple[IO[bytes], str]]:
    """The file behind a URL, on disk for the block, and its name by the URL's path.

    Raises BadRequest saying why, for a host that may not be asked too, and GivenUp once it is
    ``stopping``.
    """
    if len(url) > _LONGEST_URL:
        raise BadRequest("Invalid value for parameter file: the URL is too long")
    with tempfile.TemporaryFile() as content:
        try:
            with within(seconds), _client(guard) as client, client.stream("GET", url) as answer:
                for chunk in _chunks(answer, url, most_bytes):
                    if stopping():
                        raise GivenUp(url)
                    content.write(chunk)
        except AddressRefused as error:
            raise _fault(url, "the address is not allowed") from error
        except httpx.TimeoutException as error:
            raise _fault(url, "it took too long") from error
        except httpx.TooManyRedirects as error:
            raise _fault(url, "too many redirects") from error
        except httpx.UnsupportedProtocol as error:
            raise _fault(url, "only http and https addresses are fetched") from error
        except httpx.ConnectError as error:
            raise _fault(url, "could not connect") from error
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:  # of host names
            raise _fault(url, "the address or its answer is malformed") from error
        if not content.tell():
            raise BadRequest("Empty file")
        content.seek(0)
        yield content, _name(url)


def check_remote(guard: AddressGuard, url: str) -> None:
    """Raise BadRequest for the URL of a file whose host is an address that may not be asked."""
    try:
        guard.check_written(urlsplit(url).hostname or "")
    except AddressRefused as error:
        raise _fault(url, "the address is not allowed") from error
    except ValueError:
        # Fetching says what is wrong with it.
        return


def _client(guard: AddressGuard) -> httpx.Client:
    return httpx.Client(
        transport=guarded_transport(guard, connections=1),
        trust_env=False,
        follow_redirects=True,
        max_redirects=_MOST_REDIRECTS,
        timeout=_PER_READ,
        headers=_HEADERS,
    )


def _chunks(answer: httpx.Response, url: str, most_bytes: int) -> Iterator[bytes]:
    status = answer.status_code
    if status != HTTPStatus.OK:
        known = status in HTTPStatus.__members__.values()
        raise _fault(url, f"{status} {HTTPStatus(status).phrase}" if known else str(status))
    packed = answer.headers.get("content-encoding", "identity").strip().lower()
    if packed not in ("", "identity"):
        raise _fault(url, f"it is packed ({packed[:40]})")
    announced = answer.headers.get("content-length", "0")
    if announced.isascii() and announced.isdigit() and int(announced[:18]) > most_bytes:
        raise BadRequest(f"File size too large. Got {announced[:18]}. Maximum is {most_bytes}.")
    size = 0
    # As they come: what unpacks them would do so before anything counts how much it becomes.
    for chunk in answer.iter_raw():
        size += len(chunk)
        if size > most_bytes:
            raise BadRequest(
                f"File size too large. Got more than {most_bytes}. Maximum is {most_bytes}."
            )
        yield chunk


def _name(url: str) -> str:
    return unquote(urlsplit(url).path.rpartition("/")[2])


def _fault(url: str, why: str) -> BadRequest:
    shown = re.sub(r"//[^/@]*@", "//", url)[:200]
    return BadRequest(f"Error in loading {shown} - {why}")
