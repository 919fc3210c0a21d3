# C types of record_walk.py, for its compiled build.
import cython
from libc.stdint cimport int64_t

from wsobserve.capture.interface cimport Interface

cdef long long _MAXIMUM_LENGTH
cdef long long _MAXIMUM_BLOCK
cdef Py_ssize_t _ROWS
cdef long long _ENHANCED_PACKET
cdef long long _ENHANCED_LENGTH
cdef long long _OPTION_DROPCOUNT


@cython.final
cdef class RecordWalk:
    cdef readonly Py_ssize_t count
    cdef bytes _buffer
    cdef const unsigned char[::1] _view
    cdef object _offsets
    cdef object _captured_lengths
    cdef object _original_lengths
    cdef object _times_ns
    cdef long long[::1] _offset_rows
    cdef long long[::1] _captured_rows
    cdef long long[::1] _original_rows
    cdef long long[::1] _time_rows

    cpdef begin(self, bytes buffer)
    cpdef enter(self, Py_ssize_t offset, long long captured, long long original, long long time_ns)
    cpdef object last_time_ns(self)
    @cython.locals(count=cython.Py_ssize_t)
    cpdef object take(self, int link_type, long long first_packet, str source)
    cpdef Py_ssize_t pcap(self, Py_ssize_t position, bint big_endian, Py_ssize_t header_length, long long fraction_ns) except -1
    cpdef Py_ssize_t enhanced(self, Py_ssize_t position, bint big_endian, list interfaces, int link_type) except -1
    @cython.locals(
        offsets=cython.longlong[::1],
        captured_lengths=cython.longlong[::1],
        original_lengths=cython.longlong[::1],
        times_ns=cython.longlong[::1],
        end=cython.Py_ssize_t,
        count=cython.Py_ssize_t,
        start=cython.Py_ssize_t,
        seconds=cython.longlong,
        fraction=cython.longlong,
        captured=cython.longlong,
        original=cython.longlong,
    )
    cpdef Py_ssize_t pcap_by_bytes(
        self, Py_ssize_t position, bint big_endian, Py_ssize_t header_length, long long fraction_ns
    ) except -1
    cpdef Py_ssize_t pcap_by_headers(
        self, Py_ssize_t position, bint big_endian, Py_ssize_t header_length, long long fraction_ns
    ) except -1
    @cython.locals(
        offsets=cython.longlong[::1],
        captured_lengths=cython.longlong[::1],
        original_lengths=cython.longlong[::1],
        times_ns=cython.longlong[::1],
        interface=Interface,
        end=cython.Py_ssize_t,
        count=cython.Py_ssize_t,
        start=cython.Py_ssize_t,
        known=cython.Py_ssize_t,
        current=cython.longlong,
        number=cython.longlong,
        length=cython.longlong,
        high=cython.longlong,
        units=cython.longlong,
        captured=cython.longlong,
        padded=cython.longlong,
    )
    cpdef Py_ssize_t enhanced_by_bytes(self, Py_ssize_t position, bint big_endian, list interfaces, int link_type) except -1
    cpdef Py_ssize_t enhanced_by_headers(self, Py_ssize_t position, bint big_endian, list interfaces, int link_type) except -1
    @cython.locals(value=cython.longlong)
    cdef int64_t _word(self, Py_ssize_t position, bint big_endian) except -1
    @cython.locals(
        both=cython.longlong, code=cython.longlong, length=cython.longlong
    )
    cdef bint _says_dropped(self, Py_ssize_t position, Py_ssize_t end, bint big_endian) except -1
