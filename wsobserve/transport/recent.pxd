# C types of recent.py, for its compiled build.
import cython

cdef Py_ssize_t FEWEST_PIECES
cdef Py_ssize_t MOST_PIECES


@cython.final
cdef class RecentBytes:
    cdef readonly list pieces
    cdef readonly Py_ssize_t length

    @cython.locals(pieces=list)
    cpdef add(self, bytes data, Py_ssize_t limit)
    @cython.locals(pieces=list, piece=bytes, last=bytes, count=cython.Py_ssize_t)
    cdef _shorten(self, Py_ssize_t limit)
    cpdef clear(self)
    @cython.locals(start=cython.Py_ssize_t, before=bytes, common=cython.Py_ssize_t)
    cpdef bint differs(self, Py_ssize_t before_end, bytes data) except -1
