"""Data frames of one direction in, messages out (RFC 6455, 5.4 and 8.1; RFC 7692).

Control frames do not come here. A message that cannot be given whole is given all the same, with the reason: its
length and its share of the wire are facts even when its payload is not at hand.
"""

from __future__ import annotations

from typing import Literal

from wsobserve.records import AnomalyKind, Frame, Half, Message
from wsobserve.websocket.deflate import Inflater

Undecoded = Literal["incomplete", "context_lost", "inflate_error", "over_limit", "unknown_extension"]


class MessageAssembler:
    """One direction. `anomalies` collects (kind, detail) until the caller takes them."""

    def __init__(self, half: Half, keep: int, keep_inflated: int) -> None:
        self.half = half
        self.keep = keep
        self.keep_inflated = keep_inflated
        self.inflater: Inflater | None = None  # permessage-deflate, when it was agreed
        self.deflate_unknown = False  # the handshake was not captured: RSV1 tells
        self.unknown_extension = False  # one was agreed that we do not know: reserved bits say that it changed a payload
        self.anomalies: list[tuple[AnomalyKind, str]] = []
        self._frames = 0
        self._opcode = 0
        self._compressed = False
        self._started_ns = 0
        self._wire_length = 0
        self._frame_bytes = 0
        self._changed = False  # by an extension that we do not know
        self._only = b""
        self._kept = bytearray()
        self._whole = True  # every byte so far is kept
        self.after_loss = False  # frames were lost: a continuation may continue something that we did not see

    @property
    def in_message(self) -> bool:
        """Whether a message has begun and not ended."""
        return self._frames > 0

    def receive(self, frame: Frame) -> list[Message]:
        """Messages that end with this frame: none, one, or two when it cuts off an unfinished one."""
        messages: list[Message] = []
        if frame.opcode == 0:
            if not self._frames:
                if not self.after_loss:
                    self.anomalies.append((AnomalyKind.CONTINUATION_UNEXPECTED, ""))
                if frame.fin:
                    self.after_loss = False
                return messages
            if frame.rsv & 4 and not self.unknown_extension:
                # RFC 7692, 6.1: RSV1 is set on the first fragment alone.
                self.anomalies.append((AnomalyKind.FRAME_RESERVED_BIT, "RSV1 on a continuation frame"))
        else:
            if self._frames:
                # RFC 6455, 5.4: fragments of one message MUST NOT be interleaved with those of another.
                self.anomalies.append((AnomalyKind.CONTINUATION_EXPECTED, ""))
                messages.append(self._give_up(frame))
            self.after_loss = False
            self._opcode = frame.opcode
            self._started_ns = frame.started_ns
            self._compressed = self._is_compressed(frame)
        if frame.rsv and self.unknown_extension:
            of_deflate = 4 if self._compressed and not self._frames else 0
            self._changed = self._changed or frame.rsv != of_deflate
        self._frames += 1
        self._wire_length += frame.payload_length
        self._frame_bytes += frame.header_length + frame.payload_length
        self._append(frame)
        if frame.fin:
            messages.append(self._finish(frame))
        return messages

    def lose(self, time_ns: int, packet: int) -> list[Message]:
        """Frames were lost: an unfinished message is given as incomplete, a deflate context is lost."""
        messages = [self._incomplete(time_ns, packet)] if self._frames else []
        self._reset()
        self.after_loss = True
        if self.inflater is not None:
            self.inflater.lose_context()
        return messages

    def _is_compressed(self, frame: Frame) -> bool:
        if not frame.rsv & 4:
            return False
        if self.inflater is None and self.deflate_unknown:
            self.inflater = Inflater(context_takeover=True, keep=self.keep_inflated)
            self.inflater.lose_context()
        if self.inflater is None and not self.unknown_extension:
            self.anomalies.append((AnomalyKind.FRAME_RESERVED_BIT, "RSV1 without permessage-deflate"))
        return self.inflater is not None

    def _append(self, frame: Frame) -> None:
        if not self._whole:
            return  # what is kept is a prefix; nothing may follow a hole
        payload = frame.payload[: self.keep - len(self._kept)]
        self._whole = len(payload) == frame.payload_length
        if self._frames == 1 and frame.fin:
            self._only = payload  # nearly every message is one frame: no copy
        else:
            self._kept += payload

    def _finish(self, frame: Frame) -> Message:
        payload = self._only if self._frames == 1 else bytes(self._kept)
        length: int | None = self._wire_length
        undecoded: Undecoded | None = None
        over_limit = self._wire_length > self.keep and len(payload) >= self.keep
        if not self._whole:
            undecoded = "over_limit" if over_limit else "incomplete"
        if over_limit:
            self.anomalies.append((AnomalyKind.LIMIT_MESSAGE_SIZE, f"{self._wire_length} bytes, {len(payload)} kept"))
        if self._changed:
            undecoded = undecoded or "unknown_extension"
            length = None
            if self.inflater is not None:
                self.inflater.lose_context()
        elif self._compressed and self.inflater is not None:
            payload, length, undecoded = self._inflate(self.inflater, payload, undecoded)
        valid_utf8: bool | None = None
        if self._opcode == 1 and undecoded is None:
            valid_utf8 = is_utf8(payload)
            if not valid_utf8:
                self.anomalies.append((AnomalyKind.INVALID_UTF8, ""))
        message = self._message(frame, length, undecoded, valid_utf8, payload)
        self._reset()
        return message

    def _inflate(
        self, inflater: Inflater, payload: bytes, undecoded: Undecoded | None
    ) -> tuple[bytes, int | None, Undecoded | None]:
        if undecoded is not None:
            inflater.lose_context()  # the window would lack the missing bytes
            return b"", None, undecoded
        certain = inflater.context_certain
        inflated = inflater.inflate(payload)
        if inflated.error:
            if certain:
                self.anomalies.append((AnomalyKind.INFLATE_ERROR, ""))
                return inflated.payload, None, "inflate_error"
            self.anomalies.append((AnomalyKind.INFLATE_CONTEXT_LOST, ""))
            return b"", None, "context_lost"
        if len(inflated.payload) < inflated.length:
            detail = f"{inflated.length} bytes from {self._wire_length}, {len(inflated.payload)} kept"
            self.anomalies.append((AnomalyKind.LIMIT_INFLATED_SIZE, detail))
            return inflated.payload, inflated.length, "over_limit"
        return inflated.payload, inflated.length, None

    def _give_up(self, frame: Frame) -> Message:
        message = self._incomplete(frame.time_ns, frame.packet)
        if self._compressed and self.inflater is not None:
            self.inflater.lose_context()
        self._reset()
        return message

    def _incomplete(self, time_ns: int, packet: int) -> Message:
        payload = b"" if self._compressed or self._changed else bytes(self._kept)
        return Message(
            half=self.half,
            time_ns=time_ns,
            packet=packet,
            started_ns=self._started_ns,
            opcode=self._opcode,
            fragments=self._frames,
            compressed=self._compressed,
            wire_length=self._wire_length,
            length=None,
            complete=False,
            valid_utf8=None,
            payload=payload,
            undecoded="incomplete",
            frame_bytes=self._frame_bytes,
        )

    def _message(
        self, frame: Frame, length: int | None, undecoded: Undecoded | None, valid_utf8: bool | None, payload: bytes
    ) -> Message:
        return Message(
            self.half,
            frame.time_ns,
            frame.packet,
            self._started_ns,
            self._opcode,
            self._frames,
            self._compressed,
            self._wire_length,
            length,
            undecoded is None,
            valid_utf8,
            payload,
            undecoded,
            self._frame_bytes,
        )

    def _reset(self) -> None:
        self._frames = 0
        self._wire_length = 0
        self._frame_bytes = 0
        self._changed = False
        self._only = b""
        self._kept = bytearray()
        self._whole = True


def is_utf8(payload: bytes) -> bool:
    """Whether `payload` is UTF-8 (RFC 6455, 8.1)."""
    if payload.isascii():
        return True
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True
