# C types of connection.py, for its compiled build.
import cython

from wsobserve.transport.endpoints cimport connection_id, endpoint_names, opposite
from wsobserve.transport.half_open cimport HalfOpen
from wsobserve.transport.held cimport StreamTotals
from wsobserve.transport.packet cimport PacketDecoder
from wsobserve.transport.tcp cimport HalfStream

cdef int FIN
cdef int RST
cdef int ACK
cdef int URG
cdef int TRUE_START


@cython.final
cdef class TcpConnection:
    cdef readonly bytes key
    cdef readonly bytes reverse
    cdef readonly str id
    cdef readonly tuple halves
    cdef readonly long long started_ns
    cdef readonly long long last_ns
    cdef readonly long long last_packet
    cdef readonly long long packets
    cdef readonly int partition
    cdef readonly long long closed_ns
    cdef readonly object ended_by
    cdef readonly int reset_by
    cdef readonly bint reset_fits
    cdef readonly long long reset_ns
    cdef readonly long long reset_packet
    cdef readonly tuple reset_highest
    cdef readonly bint ignored
    cdef readonly bint settled
    cdef readonly int syn_half
    cdef readonly long long syn_ns
    cdef readonly object round_trip_ns
    cdef readonly tuple zero_windows

    @cython.locals(first=HalfStream, second=HalfStream)
    cpdef open(self, HalfOpen syn)
    @cython.locals(
        half=HalfStream, peer=HalfStream, flags=cython.int, sequence_number=cython.longlong, length=cython.Py_ssize_t
    )
    cpdef bint receive(self, int index, PacketDecoder segment, long long time_ns, long long packet, list out) except -1
    cdef _announce(self, int index, int window, long long time_ns)
    @cython.locals(half=HalfStream, peer=HalfStream, start=cython.longlong, position=cython.longlong)
    cpdef bint belongs(self, int index, PacketDecoder segment) except -1
    @cython.locals(half=HalfStream, peer=HalfStream, position=cython.longlong)
    cdef _synchronise(self, int index, PacketDecoder segment, long long time_ns, list out)
    @cython.locals(half=HalfStream, peer=HalfStream, captured=cython.longlong, position=cython.longlong, fits=cython.bint)
    cdef _reset(self, int index, PacketDecoder segment, long long time_ns, long long packet, list out)
    @cython.locals(half=HalfStream, peer=HalfStream)
    cdef _believe_reset(self, int index, bint fits, long long time_ns, long long packet)
    @cython.locals(half=HalfStream, peer=HalfStream, own=cython.longlong, other=cython.longlong, alive=cython.bint)
    cdef _doubt_reset(self, int index, PacketDecoder segment)
    @cython.locals(first=HalfStream, second=HalfStream)
    cdef _settle(self, list out)
    @cython.locals(first=HalfStream, second=HalfStream)
    cpdef bint waits(self) except -1
    @cython.locals(first=HalfStream, second=HalfStream, half=HalfStream)
    cpdef expire(self, long long now_ns, long long wait_ns, list out)
    cpdef finish(self, str reason, long long time_ns, long long packet, list out)
    @cython.locals(half=HalfStream)
    cpdef ignore(self)
    @cython.locals(half=HalfStream)
    cdef _end(self, str reason, long long time_ns, long long packet, list out)
    @cython.locals(first=HalfStream, second=HalfStream)
    cdef _close(self, long long time_ns, long long packet, list out, str how=*)
    @cython.locals(first=HalfStream, second=HalfStream)
    cpdef health(self)
