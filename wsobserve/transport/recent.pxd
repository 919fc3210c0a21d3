# C types of recent.py, for its compiled build.
import cython

cdef Py_ssize_t RECENT_BYTES
cdef Py_ssize_t RECENT_PIECES


cdef class RecentBytes:
    cdef readonly list pieces
    cdef readonly Py_ssize_t length

    @cython.locals(pieces=list, length=cython.Py_ssize_t)
    cpdef add(self, bytes data)
    cpdef clear(self)
    @cython.locals(start=cython.Py_ssize_t, before=bytes, common=cython.Py_ssize_t)
    cpdef bint differs(self, Py_ssize_t before_end, bytes data) except -1
