# C types of unknown_window.py, for its compiled build.
import cython

cdef int LONGEST_CODE
cdef list LENGTHS
cdef list LENGTH_BITS
cdef list DISTANCES
cdef list DISTANCE_BITS


@cython.final
cdef class Code:
    cdef readonly list counts
    cdef readonly list symbols


cdef Code FIXED_LENGTHS
cdef Code FIXED_DISTANCES


@cython.final
cdef class UnknownWindow:
    cdef readonly long long most
    cdef readonly long long start
    cdef bytearray _bytes
    cdef bytearray _known
    cdef bytes _data
    cdef long long _position
    cdef long long _end

    cpdef add(self, bytes output)
    cpdef bytes known_end(self)
    @cython.locals(start=cython.Py_ssize_t, length=cython.Py_ssize_t)
    cpdef tuple inflate(self, bytes payload)
    cpdef clear(self)
    @cython.locals(excess=cython.Py_ssize_t)
    cdef _forget(self)
    @cython.locals(final=cython.int, kind=cython.int, final_blocks=cython.int, empty=cython.bint, before=cython.Py_ssize_t)
    cdef _read(self, bytes payload)
    @cython.locals(position=cython.longlong, at=cython.longlong, data=bytes, value=cython.int, place=cython.int)
    cdef int _bits(self, int count) except -1
    @cython.locals(
        position=cython.longlong,
        end=cython.longlong,
        data=bytes,
        counts=list,
        value=cython.int,
        first=cython.int,
        index=cython.int,
        length=cython.int,
        count=cython.int,
        symbol=cython.int,
    )
    cdef int _symbol(self, Code code) except -1
    @cython.locals(start=cython.Py_ssize_t, length=cython.Py_ssize_t, data=bytes)
    cdef _stored(self)
    @cython.locals(length_codes=cython.int, distance_codes=cython.int, order_length=cython.int, place=cython.int, symbol=cython.int)
    cdef _dynamic(self)
    @cython.locals(written=bytearray, known=bytearray, symbol=cython.int, length=cython.int, distance=cython.int)
    cdef _compressed(self, Code lengths, Code distances)
    @cython.locals(
        written=bytearray, known=bytearray, unseen=cython.Py_ssize_t, start=cython.Py_ssize_t, part=cython.Py_ssize_t
    )
    cdef _copy(self, Py_ssize_t length, Py_ssize_t distance)
    cdef _room(self, Py_ssize_t length)
