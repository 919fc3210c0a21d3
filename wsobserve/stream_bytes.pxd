# C types of stream_bytes.py, for its compiled build.
import cython


@cython.final
@cython.freelist(1024)
cdef class StreamBytes:
    cdef readonly str connection
    cdef readonly int half
    cdef readonly long long time_ns
    cdef readonly long long packet
    cdef readonly bytes data


@cython.locals(record=StreamBytes)
cpdef StreamBytes stream_bytes(str connection, int half, long long time_ns, long long packet, bytes data)
