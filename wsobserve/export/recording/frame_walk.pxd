# C types of frame_walk.py, for its compiled build.
import cython

from wsobserve.excerpt cimport excerpt
from wsobserve.export.recording.stretch cimport Stretch, deflated_stretch, plain_stretch

cdef int CLOSE
cdef long long LONGEST_UNPROVEN


@cython.final
cdef class FrameWalk:
    cdef public long long end
    cdef public bytes header
    cdef readonly int header_length
    cdef readonly long long frames
    cdef readonly bint broken
    cdef int _masked
    cdef bint _deflate
    cdef bint _unproven
    cdef bint _message_open
    cdef bint _compressed
    cdef bint _block_open

    cpdef prove(self)
    @cython.locals(
        length=cython.Py_ssize_t,
        available=cython.Py_ssize_t,
        first=cython.int,
        second=cython.int,
        payload_length=cython.longlong,
        header_length=cython.int,
        needed=cython.int,
    )
    cpdef read(self, bytes data, long long offset, list stretches)
    @cython.locals(opcode=cython.int, reserved=cython.int)
    cdef bint _allowed(self, int first, int second, Py_ssize_t available) except -1
    @cython.locals(shortest=cython.longlong)
    cdef bint _possible(self, int first, int second, long long payload_length) except -1
    @cython.locals(
        first=cython.int, opcode=cython.int, start=cython.longlong, payload_start=cython.longlong, end=cython.longlong, key=bytes, final=cython.bint, code=cython.int
    )
    cdef _enter(self, bytes shown, int header_length, long long payload_length, list stretches)
