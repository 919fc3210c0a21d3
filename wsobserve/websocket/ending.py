"""What both directions and TCP tell of the end of a connection in, how it ended out (RFC 6455, 7.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from wsobserve.records import Close, TcpHealth
from wsobserve.websocket.direction import CloseFrame, DirectionDecoder

How = Literal["fin", "reset", "replaced", "evicted", "capture_end"]

# By how TCP ended, None as long as it has not.
WITHOUT_CLOSE_FRAME = {"fin": "no_close_frame", "reset": "reset", "capture_end": "open", None: "open"}
WITH_ONE_CLOSE_FRAME = {"fin": "close_without_reply", "reset": "close_without_reply", "capture_end": "open", None: "open"}


def close_of(client: DirectionDecoder | None, server: DirectionDecoder | None, how: How | None) -> Close:
    """`client`, `server`: None when there were no frames. `how`: None while TCP is open."""
    if client is None or server is None:
        return Close(tcp=how)
    frames = [direction.close_frame for direction in (client, server) if direction.close_frame is not None]
    if not frames:
        return Close(tcp=how, verdict=WITHOUT_CLOSE_FRAME.get(how, "unknown"))
    first = min(frames, key=_time)
    clean = len(frames) == 2
    return Close(
        status_code=first.status_code,
        reason_length=first.reason_length,
        reason=first.reason,
        first_sent_by="client" if first is client.close_frame else "server",
        clean=clean,
        tcp=how,
        verdict="clean" if clean else WITH_ONE_CLOSE_FRAME.get(how, "unknown"),
    )


def troubles_of(directions: Iterable[DirectionDecoder], of_connection: dict[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """Undecoded messages by reason and anomalies by kind, of both directions together; `of_connection`: those of neither."""
    undecoded: dict[str, int] = {}
    anomalies = dict(of_connection)
    for direction in directions:
        for reason, count in direction.undecoded.items():
            undecoded[reason] = undecoded.get(reason, 0) + count
        for kind, count in direction.anomaly_counts.items():
            anomalies[kind.value] = anomalies.get(kind.value, 0) + count
    return undecoded, anomalies


def compressed_of(directions: Iterable[DirectionDecoder], by_frames: bool) -> bool | None:
    """Whether it has permessage-deflate. `by_frames`: no handshake tells it; as long as no frame does, it is not known."""
    if any(direction.assembler.inflater is not None for direction in directions):
        return True
    return None if by_frames else False


def health_of(health: TcpHealth, client: int) -> TcpHealth:
    """The same with [0] the half `client`."""
    if client == 0:
        return health
    return TcpHealth(
        round_trip_ns=health.round_trip_ns,
        segments=health.segments[::-1],
        payload_bytes=health.payload_bytes[::-1],
        retransmitted_segments=health.retransmitted_segments[::-1],
        zero_window_ns=health.zero_window_ns[::-1],
        lost_bytes=health.lost_bytes[::-1],
        gaps=health.gaps[::-1],
    )


def _time(frame: CloseFrame) -> tuple[int, int]:
    return frame.time_ns, frame.packet
