# C types of family.py, for its compiled build.
import cython

from wsobserve.schema.shape cimport Shape, Walk


cdef class Family:
    cdef readonly long long messages
    cdef readonly long long first_ns
    cdef readonly long long last_ns
    cdef readonly bint cut
    cdef readonly dict formats
    cdef readonly Shape shape
    cdef readonly long long nodes
    cdef readonly object leaves
    cdef readonly dict structures

    cpdef count(self, str form, long long time_ns)
    cpdef count_like(self, str form, long long messages, long long first_ns, long long last_ns)
    @cython.locals(counted=list, number=cython.Py_ssize_t)
    cpdef long long add_structure(self, str structure, elements=*, long long messages=*) except -1
    @cython.locals(walk=Walk)
    cpdef long long add_body(self, message, limits, bint looked_into) except -1
    @cython.locals(walk=Walk, counted=list)
    cpdef take_in(self, limits)
    cpdef merge(self, Family other)
    cpdef trim(self, long long allowance, limits)
