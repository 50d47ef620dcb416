"""The baseline of posting: the official SDK's ``api.update`` in a loop.

CLOUDINARY_URL says where. Reads {"ids": [...], "status": "approved"} and answers with the seconds
that the updates took.
"""

from __future__ import annotations

import json
import sys
import time

from cloudinary import api


def main() -> None:
    for line in sys.stdin:
        question = json.loads(line)
        start = time.perf_counter()
        for public_id in question["ids"]:
            answer = api.update(public_id, moderation_status=question["status"])
            assert answer["public_id"] == public_id
        print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)


if __name__ == "__main__":
    main()
