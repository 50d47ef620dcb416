"""Ask a service how images stand, without the station's own client.

The demo's last word: if it used the same parser as the station, both could share one mistake.
"""

from __future__ import annotations

import base64
import json
from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from modstation.core.errors import Unknown, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from modstation.core.accounts import Credentials

SECONDS = 20.0


def final_states(
    credentials: Credentials, public_ids: Iterable[str], *, progress: Callable[[int], None]
) -> dict[str, str]:
    """The moderation status of each image, by public ID; "gone" if the service has it no more.

    For services on this machine only (plain http). ``Unreachable`` or ``Unknown`` if it does not
    answer as a service does.
    """
    account = credentials.account
    origin = urlsplit(account.api_base)
    token = base64.b64encode(f"{account.api_key}:{credentials.secret}".encode()).decode("ascii")
    connection = HTTPConnection(origin.hostname or "", origin.port, timeout=SECONDS)
    states: dict[str, str] = {}
    try:
        for public_id in public_ids:
            path = f"/v1_1/{account.cloud}/resources/image/upload/{quote(public_id, safe='/')}"
            connection.request("GET", path, headers={"Authorization": f"Basic {token}"})
            answer = connection.getresponse()
            states[public_id] = _status(answer.status, answer.read())
            progress(1)
    except OSError as error:
        raise Unreachable(f"The service does not answer: {error}.") from error
    finally:
        connection.close()
    return states


def _status(code: int, body: bytes) -> str:
    if code == 404:
        return "gone"
    if code != 200:
        raise Unknown(f"The service answered {code}.", http_status=code)
    try:
        return str(json.loads(body)["moderation"][-1]["status"])
    except (ValueError, LookupError, TypeError) as error:
        raise Unknown("The service did not say how the image stands.") from error
