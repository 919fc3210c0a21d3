# C types of frame.py, for its compiled build.
import cython

cdef long long UNKNOWN


cdef class FrameReader:
    cdef readonly object half
    cdef readonly long long keep
    cdef readonly bint in_step
    cdef public bint invalid_length
    cdef public bytes rest
    cdef readonly long long skipped_bytes
    cdef readonly object missing_bytes
    cdef readonly long long missing_in_first
    cdef bytes _head
    cdef bint _in_payload
    cdef long long _started_ns
    cdef int _first
    cdef bint _masked
    cdef bytes _masking_key
    cdef long long _payload_length
    cdef int _header_length
    cdef long long _remaining
    cdef long long _missing
    cdef bytearray _kept
    cdef bint _cut

    @cython.locals(
        frames=list,
        position=cython.Py_ssize_t,
        length=cython.Py_ssize_t,
        available=cython.Py_ssize_t,
        start=cython.Py_ssize_t,
        end=cython.Py_ssize_t,
        first=cython.int,
        second=cython.int,
        masked=cython.bint,
        payload_length=cython.longlong,
        header_length=cython.int,
        payload=bytes,
    )
    cpdef list receive(self, bytes data, long long time_ns, long long packet)
    @cython.locals(frames=list, missing=cython.longlong)
    cpdef list gap(self, long long length, long long time_ns, long long packet)
    cpdef lose(self)
    cpdef begin(self)
    @cython.locals(taken=cython.longlong, room=cython.longlong)
    cdef Py_ssize_t _fill(self, bytes data, Py_ssize_t position) except -1
    @cython.locals(payload=bytes, first=cython.int)
    cdef object _finish_frame(self, long long time_ns, long long packet)
    cdef _reset(self)
