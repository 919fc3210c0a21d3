# C types of message.py, for its compiled build.
import cython

from wsobserve.message_sink cimport HalfSink
from wsobserve.websocket.frame cimport CurrentFrame
from wsobserve.websocket.pieces cimport Pieces
from wsobserve.websocket.utf8 cimport is_utf8


@cython.final
cdef class MessageAssembler:
    cdef readonly object half
    cdef readonly long long keep
    cdef readonly long long keep_inflated
    cdef readonly long long walk
    cdef readonly bint records
    cdef public object inflater
    cdef public bint deflate_unknown
    cdef public bint unknown_extension
    cdef readonly bint after_loss
    cdef readonly list anomalies
    cdef readonly long long messages
    cdef readonly long long payload_bytes
    cdef readonly dict undecoded
    cdef readonly long long _frames
    cdef int _opcode
    cdef bint _compressed
    cdef long long _started_ns
    cdef long long _wire_length
    cdef long long _frame_bytes
    cdef bint _changed
    cdef readonly Pieces _kept
    cdef bint _whole
    cdef bint _given_up
    cdef HalfSink _sink

    @cython.locals(of_deflate=cython.int)
    cpdef receive(self, CurrentFrame frame, list out)
    cpdef lose(self, long long time_ns, long long packet, list out)
    cpdef give_up(self)
    @cython.locals(payload=bytes, length=object, sink=HalfSink)
    cdef _take_plain(self, CurrentFrame frame, list out)
    cdef bint _is_compressed(self, CurrentFrame frame) except -1
    @cython.locals(payload=bytes, room=cython.longlong)
    cdef _append(self, CurrentFrame frame)
    @cython.locals(wire_length=cython.longlong, over_limit=cython.bint)
    cdef _finish(self, CurrentFrame frame, list out)
    cdef tuple _inflate(self, object inflater, bytes payload, object undecoded)
    cdef _break_off(self, CurrentFrame frame, list out)
    cdef _add_incomplete(self, long long time_ns, long long packet, list out)
    @cython.locals(sink=HalfSink)
    cdef _add(
        self,
        long long time_ns,
        long long packet,
        object length,
        object undecoded,
        object valid_utf8,
        bytes payload,
        list out,
    )
    cdef _reset(self)
