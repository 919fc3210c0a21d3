# C types of packet.py, for its compiled build.
import cython

from wsobserve.transport.endpoints cimport partition_of
from wsobserve.excerpt cimport excerpt


cdef int MOST_LAYERS
cdef int ALL_PARTITIONS
cdef int SEGMENT
cdef int STOP


@cython.final
cdef class PacketDecoder:
    cdef readonly object fragments
    cdef readonly int worker
    cdef readonly int workers
    cdef readonly int partitions
    cdef public int followed
    cdef readonly long long foreign
    cdef readonly Py_ssize_t decoded
    cdef readonly Py_ssize_t cut
    cdef readonly dict skipped
    cdef readonly dict dropped
    cdef readonly bytes buffer
    cdef readonly Py_ssize_t offset
    cdef readonly Py_ssize_t end
    cdef readonly Py_ssize_t wire_end
    cdef readonly int layers
    cdef readonly long long time_ns
    cdef readonly bytes key
    cdef readonly long long sequence_number
    cdef readonly long long acknowledgment_number
    cdef readonly int flags
    cdef readonly int window
    cdef readonly int urgent_pointer
    cdef readonly Py_ssize_t payload_start
    cdef readonly Py_ssize_t payload_end
    cdef readonly Py_ssize_t payload_length

    @cython.locals(layer=cython.int)
    cpdef bint decode(
        self,
        bytes buffer,
        Py_ssize_t offset,
        Py_ssize_t captured_length,
        Py_ssize_t original_length,
        int link_type,
        long long time_ns,
    ) except -1
    cdef int _layers(self, bytes buffer, int layer) except -100
    cdef int _skip(self, str reason) except -100
    cdef int _drop(self, str reason) except -100
    cdef int _count(self, dict counts, str reason) except -100
    cdef int _too_short(self) except -100
    cdef _count_stop(self, int stop)
    @cython.locals(offset=cython.Py_ssize_t, ethertype=cython.int)
    cdef int _ethernet(self, bytes buffer) except -100
    @cython.locals(offset=cython.Py_ssize_t, protocol=cython.int, layer=cython.int)
    cdef int _cooked(self, bytes buffer) except -100
    cdef int _other_layer(self, bytes buffer, int ethertype) except -100
    @cython.locals(offset=cython.Py_ssize_t, ethertype=cython.int)
    cdef int _virtual_lan(self, bytes buffer) except -100
    @cython.locals(
        offset=cython.Py_ssize_t, first=cython.int, header_length=cython.Py_ssize_t, total_length=cython.Py_ssize_t, fragment=cython.int, protocol=cython.int
    )
    cdef int _ipv4(self, bytes buffer) except -100
    cdef bint _shorten(self, Py_ssize_t wire_end) except -1
    @cython.locals(buffer=bytes, start=cython.Py_ssize_t, length=cython.Py_ssize_t, more=cython.bint)
    cdef int _ipv4_fragment(self, Py_ssize_t offset, Py_ssize_t header_length, int protocol, int fragment) except -100
    cdef int _datagram(self, bytes header, bytes payload, Py_ssize_t length, int ethertype) except -100
    @cython.locals(offset=cython.Py_ssize_t, payload_length=cython.Py_ssize_t, protocol=cython.int)
    cdef int _ipv6(self, bytes buffer) except -100
    @cython.locals(offset=cython.Py_ssize_t, fragment=cython.int)
    cdef int _ipv6_extensions(self, bytes buffer, Py_ssize_t header, int protocol) except -100
    @cython.locals(buffer=bytes, start=cython.Py_ssize_t, length=cython.Py_ssize_t, more=cython.bint, addresses=bytes)
    cdef int _ipv6_fragment(self, Py_ssize_t header, Py_ssize_t offset, int fragment) except -100
    @cython.locals(offset=cython.Py_ssize_t)
    cdef int _authentication_header(self) except -100
    cdef int _other_protocol(self, int protocol) except -100
    @cython.locals(buffer=bytes, offset=cython.Py_ssize_t, port=cython.int, length=cython.Py_ssize_t)
    cdef int _udp(self) except -100
    @cython.locals(
        offset=cython.Py_ssize_t,
        end=cython.Py_ssize_t,
        header_length=cython.Py_ssize_t,
        start=cython.Py_ssize_t,
        payload_length=cython.Py_ssize_t,
        high=cython.longlong,
        low=cython.longlong,
    )
    cdef int _tcp(self, bytes buffer, Py_ssize_t addresses, Py_ssize_t length) except -100
