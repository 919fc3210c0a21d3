# C types of repeated.py, for its compiled build.
import cython


@cython.final
cdef class Repeated:
    cdef readonly object element
    cdef readonly long long times


cdef _with_numbers(value, numbers)
cpdef long long values_in(value, long long times=*)
