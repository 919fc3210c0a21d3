# C types of half_open.py, for its compiled build.
from wsobserve.transport.packet cimport PacketDecoder

cdef int SYN
cdef int OTHER_FLAGS


cdef class HalfOpen:
    cdef readonly bytes key
    cdef readonly long long sequence_number
    cdef readonly int window
    cdef readonly long long time_ns
    cdef readonly long long packet


cpdef bint only_opens(PacketDecoder segment) except -1
