# C types of ordered.py, for its compiled build.
import cython

from wsobserve.stream_bytes cimport stream_bytes
from wsobserve.transport.held cimport HeldBytes, Piece, StreamTotals
from wsobserve.transport.recent cimport RecentBytes

cdef long long WRAP
cdef long long MASK


cdef class OrderedBytes:
    cdef readonly str connection
    cdef readonly int index
    cdef readonly StreamTotals totals
    cdef readonly bint started
    cdef readonly bint anchored
    cdef public long long start
    cdef public long long expected
    cdef public long long highest
    cdef readonly HeldBytes held
    cdef readonly RecentBytes recent
    cdef readonly long long shown_arrival
    cdef readonly long long shown_time_ns
    cdef readonly long long shown_packet
    cdef readonly long long lost_bytes
    cdef readonly long long gaps

    cpdef begin(self, long long position)
    @cython.locals(delta=cython.longlong)
    cpdef long long position_of(self, long long sequence_number) except? -1
    @cython.locals(last=Piece)
    cpdef anchor(self, long long position, list out)
    @cython.locals(end=cython.longlong, early=cython.longlong, doubled=cython.longlong, conflict=cython.bint)
    cpdef bint accept(
        self, long long position, bytes data, long long length, long long arrival, long long time_ns, long long packet
    ) except -1
    @cython.locals(length=cython.Py_ssize_t)
    cpdef deliver(self, bytes data, long long arrival, long long time_ns, long long packet, list out)
    cdef _remember(self, bytes data)
    @cython.locals(pieces=list, piece=Piece, count=cython.Py_ssize_t)
    cpdef bint drain(self, list out) except -1
    cpdef show(self, Piece piece)
    @cython.locals(length=cython.longlong)
    cpdef skip(self, long long position, str reason, long long time_ns, long long packet, list out)
    @cython.locals(first=Piece)
    cpdef skip_hole(self, str reason, list out)
    cpdef drop(self, str reason)
    cpdef end(self, str reason, long long time_ns, long long packet, list out)
