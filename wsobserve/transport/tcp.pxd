# C types of tcp.py, for its compiled build.
import cython

from wsobserve.excerpt cimport excerpt
from wsobserve.transport.held cimport StreamTotals
from wsobserve.transport.hole cimport HoleWait
from wsobserve.transport.jump cimport Jump
from wsobserve.transport.ordered cimport OrderedBytes

cdef long long MASK
cdef long long FARTHEST


cdef class HalfStream:
    cdef readonly object record
    cdef readonly StreamTotals totals
    cdef readonly OrderedBytes ordered
    cdef readonly bint eager
    cdef readonly bint guessed
    cdef readonly bint syn_seen
    cdef readonly bint ended
    cdef readonly bint ignored
    cdef readonly long long fin_position
    cdef readonly long long fin_time_ns
    cdef readonly long long fin_packet
    cdef readonly long long fin_arrival
    cdef readonly HoleWait wait
    cdef readonly Jump jump
    cdef readonly int told
    cdef readonly long long arrivals
    cdef readonly long long segments
    cdef readonly long long payload_bytes
    cdef readonly long long retransmitted_segments

    @cython.locals(captured=cython.Py_ssize_t, totals=StreamTotals, ordered=OrderedBytes)
    cpdef receive(
        self,
        long long sequence_number,
        bytes buffer,
        Py_ssize_t start,
        Py_ssize_t end,
        Py_ssize_t length,
        long long time_ns,
        long long packet,
        list out,
    )
    cpdef synchronise(self, long long sequence_number, list out)
    @cython.locals(position=cython.longlong)
    cpdef finish_at(self, long long sequence_number, long long time_ns, long long packet, list out)
    @cython.locals(delta=cython.longlong, position=cython.longlong)
    cpdef acknowledge(self, long long acknowledgment_number, long long time_ns)
    @cython.locals(position=cython.longlong)
    cpdef bint expects_reset(self, long long sequence_number) except -1
    @cython.locals(position=cython.longlong)
    cpdef settle(self, bint handshake_seen, list out)
    @cython.locals(time_ns=cython.longlong)
    cpdef anchor(self, long long position, list out)
    @cython.locals(totals=StreamTotals, ordered=OrderedBytes, position=cython.longlong, captured=cython.longlong, end=cython.longlong, duplicate=cython.longlong)
    cdef _receive_unordered(
        self, long long sequence_number, bytes data, long long length, long long time_ns, long long packet, list out
    )
    @cython.locals(position=cython.longlong)
    cdef bint _jumped(self, long long sequence_number, long long length, long long time_ns, long long packet, list out) except -1
    @cython.locals(ordered=OrderedBytes)
    cdef bint _start_again(self, long long position) except -1
    cdef _receive_after_end(self, long long end, long long captured, long long time_ns, long long packet, list out)
    cdef bint _accept(
        self, long long position, bytes data, long long length, long long time_ns, long long packet, list out
    ) except -1
    cdef _after_change(self, long long time_ns, list out)
    cdef _end_at_fin(self, list out)
    cpdef bint waits(self) except -1
    cpdef expire(self, long long now_ns, list out)
    cdef long long _hole_time_ns(self) except? -1
    @cython.locals(end=cython.longlong)
    cdef _start_wait(self, long long time_ns, long long arrival)
    cdef _give_up(self, str reason, list out)
    cdef _keep_limits(self, list out)
    cpdef end(self, str reason, long long time_ns, long long packet, list out)
    cpdef ignore(self)
    cdef _end(self, str reason, long long time_ns, long long packet, list out)
    cdef _tell(self, object kind, int bit, long long time_ns, long long packet, list out)
    cpdef urgent(self, long long time_ns, long long packet, list out)
    cdef _anomaly(self, object kind, long long time_ns, long long packet, list out)
