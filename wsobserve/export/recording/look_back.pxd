# C types of look_back.py, for its compiled build.
import cython

from wsobserve.export.recording.connection_redactor cimport ConnectionRedactor
from wsobserve.export.recording.held_packet cimport HeldPacket



@cython.final
cdef class Followed:
    cdef readonly bytes key
    cdef readonly bytes reverse
    cdef readonly long long started_ns
    cdef public long long last_ns
    cdef readonly bint opened
    cdef readonly long long sequence_number
    cdef readonly long long packet
    cdef public bint passed_over
    cdef public str reason
    cdef public str comment
    cdef public ConnectionRedactor redactor
    cdef public int ended
    cdef public long long closed_ns
    cdef public list beginning
    cdef public Py_ssize_t beginning_bytes
    cdef public object recent
    cdef public Py_ssize_t recent_bytes
    cdef public Py_ssize_t dropped


@cython.final
cdef class LookBack:
    cdef public Py_ssize_t limit
    cdef readonly long long dropped
    cdef readonly Py_ssize_t packets
    cdef readonly Py_ssize_t bytes
    cdef Py_ssize_t _beginning_bytes
    cdef dict _beginnings
    cdef dict _recent

    @cython.locals(size=cython.Py_ssize_t)
    cpdef hold(self, Followed followed, HeldPacket packet)
    cpdef tuple take(self, Followed followed)
    cpdef shrink(self, Py_ssize_t limit)
    @cython.locals(followed=Followed)
    cdef _make_room(self)
    @cython.locals(size=cython.Py_ssize_t, packet=HeldPacket)
    cdef _drop_recent(self, Followed followed, Py_ssize_t limit)
    cdef _drop_beginning(self, Followed followed)
    cdef _count(self, Followed followed, Py_ssize_t packets)
