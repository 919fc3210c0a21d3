# C types of boundary.py, for its compiled build.
import cython


cdef class Search:
    cdef readonly bytes data
    cdef readonly set starts
    cdef readonly dict expected
    cdef readonly bint masked
    cdef readonly bint compressed
    cdef list _likely
    cdef list _possible
    cdef tuple _zeroes
    cdef long long _heads
    cdef readonly dict _chains

    @cython.locals(chain=tuple, bits=cython.double, headers=cython.longlong, end=cython.longlong, others=cython.longlong, places=cython.longlong)
    cpdef double bits(self, long long offset)
    @cython.locals(offset=cython.longlong)
    cdef object _first_of(self, list offsets, long long end, double threshold)
    @cython.locals(bits=cython.double, step=tuple, following=cython.longlong)
    cdef object _settled(self, long long offset, double threshold, set refused)
    @cython.locals(bits=cython.double, headers=cython.int)
    cdef double _own_bits(self, long long offset, tuple step)
    cdef list _possible_places(self)
    cdef bint _is_noise(self)
    @cython.locals(
        chains=dict,
        chain=tuple,
        steps=list,
        step=tuple,
        place=cython.longlong,
        following=cython.longlong,
        passed=cython.longlong,
        bits=cython.double,
        headers=cython.longlong,
        sum_bits=cython.double,
        sum_headers=cython.longlong,
        end=cython.longlong,
    )
    cdef tuple _chain(self, long long offset)
    @cython.locals(
        data=bytes,
        masked=cython.bint,
        length=cython.longlong,
        position=cython.longlong,
        within=cython.int,
        first=cython.int,
        second=cython.int,
        payload_length=cython.longlong,
        opcode=cython.int,
        header=cython.int,
        following=cython.longlong,
        start=cython.longlong,
        bits=cython.double,
        counts=cython.bint,
    )
    cdef tuple _step(self, long long place)
    @cython.locals(payload=bytes)
    cdef bytes _payload(self, long long start, long long length)
    @cython.locals(bits=cython.double, last=cython.int)
    cdef double _compressed_bits(self, long long start, long long length, int first)
    cdef bint _may_be_json(self, long long start)
    @cython.locals(start=cython.longlong, end=cython.longlong)
    cdef long long _zeroes_end(self, long long position)


@cython.locals(opcode=cython.int, whole=cython.bint, final=cython.bint, json_bits=cython.double, text_bits=cython.double)
cdef double _payload_bits(bytes payload, long long payload_length, int first, bint masked)
cdef double _close_bits(bytes payload, long long payload_length)
cdef double _text_bits(bytes payload, bint final)
@cython.locals(output=bytes, data=bytes)
cdef double _beginning_bits(bytes payload, int opcode)
cdef bint _is_json(bytes payload)
