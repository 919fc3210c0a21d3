"""What waits for a handshake or for its recognition in, bytes of memory that it takes out."""

from __future__ import annotations

from wsobserve.websocket.opening import Opening
from wsobserve.websocket.recognition import Recognition


def requests_of(opening: Opening) -> int:
    """How many requests wait for their answer."""
    return len(opening._requests) + (opening._upgrade is not None)


def opening_weight(opening: Opening, heard_bytes: int) -> int:
    """`heard_bytes`: of both halves since no request waited; the heads of those that wait are no longer than that."""
    weight = opening._held_bytes + opening._early_bytes
    weight += min(heard_bytes, requests_of(opening) * opening.limits.http_head)
    for side in opening._sides:
        if side.reader is not None:
            weight += side.reader.pending_bytes
    return weight


def recognition_weight(recognition: Recognition) -> int:
    """Each half is held twice: as frames of a server, and as frames of a client."""
    return sum(search.held_bytes for both in recognition._searches for search in both)
