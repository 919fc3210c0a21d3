# C types of held_packet.py, for its compiled build.
import cython



@cython.final
cdef class HeldPacket:
    cdef readonly long long time_ns
    cdef public bytes data
    cdef readonly long long original_length
    cdef readonly int link_type
    cdef readonly str source
    cdef public bint cut
