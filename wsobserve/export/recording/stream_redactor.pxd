# C types of stream_redactor.py, for its compiled build.
import cython

from wsobserve.export.recording.frame_walk cimport FrameWalk
from wsobserve.export.recording.stretch cimport Stretch

cdef int HEAD
cdef int WAIT
cdef int FRAMES
cdef int LOST
cdef int PROBATION
cdef Py_ssize_t LONGEST_HEAD
cdef Py_ssize_t REMEMBERED
cdef long long FAR


@cython.final
cdef class StreamRedactor:
    cdef readonly int phase
    cdef public bytes raw_head
    cdef long long _base
    cdef int _masked
    cdef bint _deflate
    cdef bytearray _head
    cdef FrameWalk _walk
    cdef FrameWalk _search
    cdef list _stretches

    @cython.locals(near=cython.longlong, distance=cython.longlong)
    cpdef long long position(self, long long sequence_number) except *
    @cython.locals(walk=FrameWalk, offset=cython.longlong)
    cpdef bint learn(self, long long position, bytes data) except -1
    cpdef agree(self, bint deflate)
    cpdef lose(self)
    cpdef trim(self)
    @cython.locals(
        end=cython.longlong,
        walk=FrameWalk,
        known=cython.longlong,
        stretches=list,
        index=cython.Py_ssize_t,
        count=cython.Py_ssize_t,
        oldest=cython.longlong,
        stretch=Stretch,
        stop=cython.longlong,
    )
    cpdef int show(self, long long position, long long length, list parts) except -2
    cdef _read_head(self, bytes data)
    @cython.locals(walk=FrameWalk, offset=cython.longlong)
    cdef _look_for_frames(self, long long position, bytes data)
