# C types of deflate.py, for its compiled build.
import cython


@cython.final
@cython.freelist(16)
cdef class Inflated:
    cdef readonly bytes payload
    cdef readonly long long length
    cdef readonly bint error
    cdef readonly bint given_up


@cython.locals(record=Inflated)
cdef Inflated _inflated(bytes payload, long long length)


cdef class Inflater:
    cdef readonly bint context_takeover
    cdef readonly long long keep
    cdef readonly long long walk
    cdef readonly bint context_certain
    cdef readonly int weight
    cdef long long _room
    cdef object _decompressor
    cdef long long _reach
    cdef object _unknown
    cdef bint _ends_streams

    cpdef lose_context(self)
    cdef Inflated _follow(self, object unknown, bytes payload)
    cdef _settle(self)
    @cython.locals(data=bytes, output=bytes, length=cython.Py_ssize_t)
    cpdef Inflated inflate(self, bytes payload)
