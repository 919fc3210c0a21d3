# C types of ring_walk.py, for its compiled build.
import cython

cdef Py_ssize_t _COOKED_LENGTH
cdef Py_ssize_t _SMALLEST_STEP
cdef Py_ssize_t _BLOCK_HEADER
cdef unsigned int _IPV4
cdef unsigned int _IPV6


@cython.final
cdef class RingWalk:
    cdef readonly Py_ssize_t skipped
    cdef object _ring
    cdef unsigned char[::1] _octets
    cdef unsigned short[::1] _halves
    cdef unsigned int[::1] _words
    cdef Py_ssize_t _block_length
    cdef Py_ssize_t _rows
    cdef object _offsets
    cdef object _captured_lengths
    cdef object _original_lengths
    cdef object _times_ns
    cdef long long[::1] _offset_rows
    cdef long long[::1] _captured_rows
    cdef long long[::1] _original_rows
    cdef long long[::1] _time_rows

    @cython.locals(begin=cython.Py_ssize_t, end=cython.Py_ssize_t, count=cython.Py_ssize_t)
    cpdef object batch(self, Py_ssize_t start, long long first_packet, str source)
    @cython.locals(
        octets=cython.uchar[::1],
        halves=cython.ushort[::1],
        words=cython.uint[::1],
        packets=cython.Py_ssize_t,
        position=cython.Py_ssize_t,
        entered=cython.Py_ssize_t,
        word=cython.Py_ssize_t,
        captured=cython.Py_ssize_t,
        network=cython.Py_ssize_t,
        cooked=cython.Py_ssize_t,
        original=cython.Py_ssize_t,
        protocol=cython.uint,
        other=cython.bint,
        index=cython.uint,
        hardware_type=cython.uint,
        seconds=cython.longlong,
        step=cython.Py_ssize_t,
    )
    cdef Py_ssize_t _walk(self, Py_ssize_t start, Py_ssize_t begin, Py_ssize_t end) except -1
    cdef unsigned int _first_protocol(
        self, Py_ssize_t network, Py_ssize_t captured, Py_ssize_t original, unsigned int protocol
    ) except? 0xFFFFFFFF
