"""Whether the bytes that came are the bytes that were listed."""

from __future__ import annotations

import re

from modstation.core.language import Later, later

_MD5 = re.compile(r"[0-9a-f]{32}")


def integrity(
    *,
    listing_bytes: int | None,
    listing_etag: str | None,
    got_length: int,
    got_md5: str,
    content_length: int | None,
    is_original: bool,
) -> Later | None:
    """None when the bytes may be decided on, otherwise a warning a moderator must see.

    The listing speaks of the original: its ``bytes``, and its ``etag``, which is the MD5 of the
    file in hexadecimal. A rendition is made anew by the service and can only be held against its
    own Content-Length. An etag of another form (quoted, weak, multipart) says nothing about bytes.
    """
    if content_length is not None and content_length != got_length:
        return later(
            "Integrity",
            "Only part of the image arrived: {got_length} of {content_length} bytes."
            " What you see may not be the whole picture.",
        ).format(got_length=got_length, content_length=content_length)
    if not is_original:
        return None
    if listing_bytes is not None and listing_bytes != got_length:
        return later(
            "Integrity",
            "This is not the file that was listed: {got_length} bytes came,"
            " {listing_bytes} were listed. It may have been replaced since.",
        ).format(got_length=got_length, listing_bytes=listing_bytes)
    etag = (listing_etag or "").strip().strip('"').lower()
    if _MD5.fullmatch(etag) and etag != got_md5.lower():
        return later(
            "Integrity",
            "This is not the file that was listed: its checksum differs. It may have"
            " been replaced since.",
        )
    return None
