# C types of frame.py, for its compiled build.
import cython

from wsobserve.excerpt cimport excerpt, is_ascii

from wsobserve.websocket.mask cimport is_ascii_behind_key, unmask, unmask_behind_key
from wsobserve.websocket.pieces cimport Pieces
from wsobserve.websocket.utf8 cimport is_utf8

cdef long long UNKNOWN


@cython.final
cdef class CurrentFrame:
    cdef public long long time_ns
    cdef public long long packet
    cdef public long long started_ns
    cdef public bint fin
    cdef public int rsv
    cdef public int opcode
    cdef public bint masked
    cdef public long long payload_length
    cdef public int header_length
    cdef public bint minimal
    cdef public long long at_hand
    cdef public long long missing
    cdef public bint given_up
    cdef public bytes _data
    cdef public Py_ssize_t _start
    cdef public Pieces _pieces
    cdef public bytes _payload

    @cython.locals(payload=bytes, end=cython.Py_ssize_t)
    cpdef bytes payload(self)
    @cython.locals(end=cython.Py_ssize_t)
    cpdef bint is_utf8(self) except -1
    cpdef object record(self, object half)
    cpdef let_go(self)


@cython.final
cdef class FrameReader:
    cdef readonly long long keep
    cdef readonly CurrentFrame frame
    cdef readonly bint in_step
    cdef public bint invalid_length
    cdef public bytes rest
    cdef readonly long long skipped_bytes
    cdef readonly long long missing_bytes
    cdef bytes _data
    cdef Py_ssize_t _position
    cdef long long _time_ns
    cdef long long _packet
    cdef bytes _head
    cdef long long _started_ns
    cdef bint _in_payload
    cdef long long _remaining
    cdef bytes _masking_key
    cdef Pieces _pieces
    cdef bint _cut

    cpdef feed(self, bytes data, long long time_ns, long long packet)
    @cython.locals(
        data=bytes,
        frame=CurrentFrame,
        position=cython.Py_ssize_t,
        available=cython.Py_ssize_t,
        start=cython.Py_ssize_t,
        first=cython.int,
        second=cython.int,
        masked=cython.bint,
        payload_length=cython.longlong,
        header_length=cython.int,
        minimal=cython.bint,
    )
    cpdef bint next(self) except -1
    @cython.locals(frame=CurrentFrame, missing=cython.longlong)
    cpdef bint gap(self, long long length, long long time_ns, long long packet) except -1
    cpdef give_up(self)
    cpdef lose(self)
    @cython.locals(frame=CurrentFrame)
    cpdef refuse(self)
    cpdef begin(self)
    @cython.locals(data=bytes, position=cython.Py_ssize_t)
    cdef bint _wait(self) except -1
    @cython.locals(
        data=bytes,
        position=cython.Py_ssize_t,
        remaining=cython.longlong,
        taken=cython.longlong,
        kept=cython.longlong,
    )
    cdef bint _fill(self) except -1
    @cython.locals(frame=CurrentFrame, turn=cython.int, key=bytes)
    cdef _keep(self, bytes piece)
    @cython.locals(frame=CurrentFrame)
    cdef _finish(self, long long time_ns, long long packet)
    cdef _forget(self)
