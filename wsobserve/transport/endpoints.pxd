# C types of endpoints.py, for its compiled build.
import cython

from wsobserve.excerpt cimport excerpt

cdef bint COMPILED
cdef long long WORDS
cdef long long SPREAD
cdef long long SHARES


@cython.locals(ports=cython.Py_ssize_t, half=cython.Py_ssize_t, source=bytes, destination=bytes)
cpdef bytes opposite(bytes key)
@cython.locals(total=cython.longlong, end=cython.Py_ssize_t)
cpdef int partition_of(bytes buffer, Py_ssize_t addresses, Py_ssize_t length, Py_ssize_t ports) except -1
cpdef str connection_id(bytes key, bytes reverse, object time_ns, object packet)
@cython.locals(
    half=cython.Py_ssize_t,
    ports=cython.Py_ssize_t,
    source=str,
    destination=str,
    source_port=cython.int,
    destination_port=cython.int,
    plain=tuple,
)
cpdef tuple endpoint_names(bytes key)
cdef str _address(bytes packed)
