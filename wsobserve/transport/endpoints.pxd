# C types of endpoints.py, for its compiled build.
import cython

cdef bint COMPILED
cdef long long WORDS
cdef long long SPREAD
cdef long long SHARES


cpdef bytes opposite(bytes key)
@cython.locals(total=cython.longlong, end=cython.Py_ssize_t)
cpdef int partition_of(bytes buffer, Py_ssize_t addresses, Py_ssize_t length, Py_ssize_t ports) except -1
