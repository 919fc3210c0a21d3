# C types of repeated.py, for its compiled build.
import cython


@cython.final
cdef class Repeated:
    cdef readonly object element
    cdef readonly long long times


cdef _with_numbers(value, numbers)
cpdef long long values_in(str structure, elements)
cdef _count_values(value, list values, Py_ssize_t number)
