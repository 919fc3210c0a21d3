# C types of utf8.py, for its compiled build.
import cython

from wsobserve.excerpt cimport is_ascii

cdef Py_ssize_t PART


@cython.locals(length=cython.Py_ssize_t, position=cython.Py_ssize_t, last=cython.bint)
cpdef bint is_utf8(bytes payload) except -1
