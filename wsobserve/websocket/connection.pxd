# C types of connection.py, for its compiled build.
import cython

from wsobserve.websocket.direction cimport DirectionDecoder


@cython.final
cdef class WebSocketConnection:
    cdef readonly object connection
    cdef readonly object limits
    cdef readonly bint frame_records
    cdef readonly object message_records
    cdef readonly object kind
    cdef readonly bint ignored
    cdef readonly object handshake
    cdef readonly dict handshakes
    cdef readonly bint mid_stream
    cdef readonly object recognised_after
    cdef readonly tuple directions
    cdef readonly int client
    cdef readonly long long time_ns
    cdef readonly long long packet
    cdef readonly dict anomaly_counts
    cdef readonly long long weight
    cdef public long long counted
    cdef object _opening
    cdef object _recognition
    cdef object _unanswered
    cdef list _transport_anomalies
    cdef long long _heard_bytes
    cdef list _gone

    @cython.locals(direction=DirectionDecoder, before=cython.longlong)
    cpdef read(self, int half, bytes data, long long time_ns, long long packet, list out)
    cpdef list gap(self, int half, long long length, long long time_ns, long long packet)
    cpdef list end_half(self, int half, long long time_ns, long long packet)
    @cython.locals(direction=DirectionDecoder)
    cpdef let_go(self, long long time_ns, long long packet, list out)
    @cython.locals(direction=DirectionDecoder, weight=cython.longlong)
    cdef _weigh(self)
