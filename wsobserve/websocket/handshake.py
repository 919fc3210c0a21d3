"""Two HTTP heads in, one opening handshake out (RFC 6455, 4), with what is wrong about it.

A wrong handshake is reported and survived: the endpoints may go on talking, and then we go on listening.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from wsobserve.records import AnomalyKind, Extension, Half, Handshake
from wsobserve.redaction import REDACTED, path_template, query_keys, redact_subprotocol, redact_target
from wsobserve.websocket.carried import credentials, field_names
from wsobserve.websocket.http import Head

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
EXTENSION_PART = re.compile(rf'({TOKEN})(?:\s*=\s*(?:({TOKEN})|"([^"\\]*)"))?')
HOST = re.compile(r"[0-9A-Za-z._~%:\[\]-]{1,255}")
ORIGIN = re.compile(r"null|[a-z][a-z0-9+.-]{0,31}://[0-9A-Za-z._~%:\[\]-]{1,255}")
PARAMETER = re.compile(r"[0-9]{1,4}")
VERSION = re.compile(r"[0-9]{1,3}(?:, *[0-9]{1,3}){0,7}")
DEFLATE = "permessage-deflate"
DEFLATE_PARAMETERS = {
    "server_no_context_takeover",
    "client_no_context_takeover",
    "server_max_window_bits",
    "client_max_window_bits",
}
FIELD_LIMIT = 256  # characters of a header field that are kept
EXTENSIONS = 16  # that are looked at
SUBPROTOCOLS = 32  # that are looked at

Finding = tuple[AnomalyKind, str]


def accept_value(key: str) -> str:
    """The Sec-WebSocket-Accept that answers a Sec-WebSocket-Key (RFC 6455, 4.2.2)."""
    return base64.b64encode(hashlib.sha1(key.encode("latin-1") + GUID, usedforsecurity=False).digest()).decode()


def parse_extensions(value: str) -> tuple[tuple[Extension, ...], bool]:
    """The extensions of a Sec-WebSocket-Extensions field (RFC 6455, 9.1), and whether all of it could be read."""
    extensions = []
    parts = value.split(",", EXTENSIONS)
    valid = len(parts) <= EXTENSIONS
    for part in parts[:EXTENSIONS]:
        if not part.strip():
            continue
        name = ""
        parameters: list[tuple[str, str | None]] = []
        for index, item in enumerate(part.split(";")[:17]):
            match = EXTENSION_PART.fullmatch(item.strip())
            if match is None:
                valid = False
                continue
            if index == 0:
                name = match[1]
            else:
                parameters.append((match[1], match[2] if match[2] is not None else match[3]))
        if name:
            extensions.append(Extension(name, tuple(parameters)))
    return tuple(extensions), valid


def deflate_parameters(extensions: tuple[Extension, ...]) -> dict[str, str | None] | None:
    """The agreed parameters of permessage-deflate (RFC 7692, 7.1); None when it was not agreed."""
    for extension in extensions:
        if extension.name == DEFLATE:
            return dict(extension.parameters)
    return None


def deflate_is_valid(parameters: dict[str, str | None]) -> bool:
    """Whether the parameters of a response are allowed (RFC 7692, 7.1)."""
    for name, value in parameters.items():
        if name not in DEFLATE_PARAMETERS:
            return False
        if name.endswith("max_window_bits"):
            # RFC 7692, 7.1.2: a decimal integer value without leading zeroes between 8 to 15.
            if value not in {str(bits) for bits in range(8, 16)}:
                return False
        elif value is not None:
            return False
    return True


def shown_extensions(extensions: tuple[Extension, ...]) -> tuple[Extension, ...]:
    """The same, redacted: anything can be carried in a name or a parameter that we do not know."""
    return tuple(
        Extension(
            redact_subprotocol(extension.name),
            tuple((redact_subprotocol(name), _shown(value, PARAMETER)) for name, value in extension.parameters),
        )
        for extension in extensions
    )


def subprotocols(head: Head | None) -> tuple[str, ...]:
    """The values of Sec-WebSocket-Protocol as they are: secrets are carried in there."""
    if head is None:
        return ()
    values = [value.strip() for value in head.fields.get("sec-websocket-protocol", "").split(",", SUBPROTOCOLS)]
    return tuple(value for value in values[:SUBPROTOCOLS] if value)


def handshake_of(
    half: Half, request: Head | None, response: Head | None, *, frames_follow: bool = False
) -> tuple[Handshake, list[Finding]]:
    """The record of one opening handshake, and what RFC 6455, 4 forbids of it.

    `half`: client to server. At least one of the heads is there. `frames_follow`: there is no response in the capture,
    but it must have been a 101, as the frames behind it show.
    """
    findings: list[Finding] = []
    at = response or request
    assert at is not None
    accepted = frames_follow if response is None else response.status_code == 101
    key = request.fields.get("sec-websocket-key") if request else None
    accept_valid = None
    agreed: tuple[Extension, ...] = ()
    if accepted and response is not None:
        accept_valid = _check_accept(key, response, findings)
        agreed, readable = parse_extensions(response.fields.get("sec-websocket-extensions", ""))
        if not readable:
            findings.append((AnomalyKind.HANDSHAKE_EXTENSION_INVALID, "field cannot be read"))
    offered, _ = parse_extensions(request.fields.get("sec-websocket-extensions", "") if request else "")
    offered_subprotocols = subprotocols(request)
    subprotocol = (subprotocols(response) or (None,))[0] if accepted else None
    _check_deflate(agreed, offered if request else None, findings)
    if request is None:
        findings.append((AnomalyKind.HANDSHAKE_MISSING_REQUEST, ""))
    else:
        _check_request(request, key, findings)
        if subprotocol is not None and subprotocol not in offered_subprotocols:
            findings.append((AnomalyKind.HANDSHAKE_SUBPROTOCOL_NOT_OFFERED, ""))
        for extension in agreed:
            if extension.name not in {each.name for each in offered}:
                findings.append((AnomalyKind.HANDSHAKE_EXTENSION_NOT_OFFERED, redact_subprotocol(extension.name)))
    path, _, query = (request.target or "" if request else "").partition("?")
    if "://" in path and not path.startswith("/"):
        # RFC 9112, 3.2.2: absolute form, as sent to a proxy.
        path = "/" + path.partition("://")[2].partition("/")[2]
    keys = query_keys(query)
    carried = request.carried if request else ()
    handshake = Handshake(
        half=half,
        time_ns=at.time_ns,
        packet=at.packet,
        request_time_ns=request.time_ns if request else None,
        request_packet=request.packet if request else None,
        method=request.method if request else None,
        target=redact_target(path, query) if request else None,
        path_template=path_template(path) if request else None,
        host=_shown(_field(request, "host"), HOST),
        origin=_shown(_field(request, "origin") or _field(request, "sec-websocket-origin"), ORIGIN),
        user_agent=_field(request, "user-agent"),
        traceparent=_traceparent(request),
        version=_shown(_field(request, "sec-websocket-version"), VERSION),
        status_code=response.status_code if response else None,
        subprotocols_offered=tuple(redact_subprotocol(value) for value in offered_subprotocols),
        subprotocol=subprotocol and redact_subprotocol(subprotocol),
        extensions_offered=shown_extensions(offered),
        extensions=shown_extensions(agreed),
        accept_valid=accept_valid,
        state="accepted" if accepted else "refused" if response else "unanswered",
        query_keys=keys,
        request_fields=field_names(carried),
        credentials=credentials(carried, keys, offered_subprotocols),
    )
    return handshake, findings


def _check_accept(key: str | None, response: Head, findings: list[Finding]) -> bool | None:
    accept = response.fields.get("sec-websocket-accept")
    if accept is None:
        findings.append((AnomalyKind.HANDSHAKE_ACCEPT_MISSING, ""))
        return False
    if key is None:
        return None
    if accept != accept_value(key):
        findings.append((AnomalyKind.HANDSHAKE_ACCEPT_WRONG, ""))
        return False
    return True


def _check_deflate(agreed: tuple[Extension, ...], offered: tuple[Extension, ...] | None, findings: list[Finding]) -> None:
    """`offered`: None when the request is not known."""
    names = [name for extension in agreed if extension.name == DEFLATE for name, _ in extension.parameters]
    deflate = deflate_parameters(agreed)
    if deflate is None:
        return
    if not deflate_is_valid(deflate) or len(names) > len(deflate):
        findings.append((AnomalyKind.HANDSHAKE_EXTENSION_INVALID, DEFLATE))
        return
    # RFC 7692, 7.1.2.2: the client's window only in answer to an offer that has it.
    parameters_offered = {name for each in offered or () for name, _ in each.parameters}
    if offered is not None and "client_max_window_bits" in deflate.keys() - parameters_offered:
        findings.append((AnomalyKind.HANDSHAKE_EXTENSION_INVALID, "client_max_window_bits was not offered"))


def _check_request(request: Head, key: str | None, findings: list[Finding]) -> None:
    if not _is_key(key):
        findings.append((AnomalyKind.HANDSHAKE_KEY_INVALID, "missing" if key is None else ""))
    version = request.fields.get("sec-websocket-version")
    if version != "13":
        findings.append((AnomalyKind.HANDSHAKE_VERSION, _shown(version, VERSION) or "missing"))


def _is_key(key: str | None) -> bool:
    """Whether it is 16 bytes in base64 (RFC 6455, 4.1)."""
    try:
        return key is not None and len(base64.b64decode(key.encode("latin-1"), validate=True)) == 16
    except (binascii.Error, ValueError):
        return False


def _field(head: Head | None, name: str) -> str | None:
    value = head.fields.get(name) if head else None
    return value[:FIELD_LIMIT] if value else None


def _shown(value: str | None, form: re.Pattern[str]) -> str | None:
    """The value when it has the form that it must have: what has another may be anything."""
    return value if value is None or form.fullmatch(value) else REDACTED


def _traceparent(request: Head | None) -> str | None:
    """W3C Trace Context, 3.2.2.3: a malformed traceparent is ignored."""
    value = _field(request, "traceparent")
    return value if value and TRACEPARENT.fullmatch(value) else None
