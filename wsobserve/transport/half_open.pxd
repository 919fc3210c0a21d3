# C types of half_open.py, for its compiled build.
import cython

from wsobserve.transport.packet cimport PacketDecoder

cdef long long MASK
cdef int SYN
cdef int RST
cdef int ACK
cdef int FLAGS


@cython.final
cdef class HalfOpen:
    cdef readonly bytes key
    cdef readonly unsigned int sequence_number
    cdef readonly unsigned int answer_sequence_number
    cdef readonly unsigned short window
    cdef readonly unsigned short answer_window
    cdef readonly bint repeated
    cdef readonly int answer
    cdef readonly long long time_ns
    cdef readonly long long packet
    cdef readonly long long answer_ns
    cdef readonly long long answer_packet

    @cython.locals(flags=cython.int)
    cpdef bint receive(self, PacketDecoder segment, long long time_ns, long long packet) except -1
    cdef _answered(self, int answer, PacketDecoder segment, long long time_ns, long long packet)
    cpdef bint belongs(self, PacketDecoder segment) except -1


cpdef bint only_opens(PacketDecoder segment) except -1
