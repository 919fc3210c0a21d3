# C types of pieces.py, for its compiled build.
import cython

cdef Py_ssize_t SMALL
cdef Py_ssize_t GATHERED


@cython.final
cdef class Pieces:
    cdef readonly Py_ssize_t length
    cdef list _pieces
    cdef bytearray _last

    @cython.locals(length=cython.Py_ssize_t)
    cpdef add(self, bytes piece)
    @cython.locals(pieces=list)
    cpdef bytes join(self)
    cpdef clear(self)
