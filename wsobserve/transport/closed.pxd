# C types of closed.py, for its compiled build.
import cython

from wsobserve.transport.held cimport StreamTotals
from wsobserve.transport.packet cimport PacketDecoder
from wsobserve.transport.tcp cimport HalfStream

cdef int SYN
cdef int RST
cdef int ACK
cdef long long MASK
cdef long long SIGN
cdef long long FARTHEST


@cython.final
cdef class ClosedHalf:
    cdef readonly bint anchored
    cdef readonly unsigned int start
    cdef readonly unsigned int end
    cdef readonly str after_end

    @cython.locals(captured=cython.longlong, length=cython.longlong, past=cython.longlong, far=cython.bint)
    cpdef count(self, PacketDecoder segment, StreamTotals totals)


@cython.final
cdef class ClosedConnection:
    cdef readonly bytes key
    cdef readonly long long closed_ns
    cdef readonly ClosedHalf first
    cdef readonly ClosedHalf second

    @cython.locals(half=ClosedHalf)
    cpdef receive(self, PacketDecoder segment, StreamTotals totals)
    @cython.locals(half=ClosedHalf, peer=ClosedHalf)
    cpdef bint belongs(self, PacketDecoder segment) except -1
