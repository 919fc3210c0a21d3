# C types of fold.py, for its compiled build.
import cython

from wsobserve.schema.family cimport Family


cdef class SchemaFold:
    cdef readonly object _promised
    cdef readonly object _limits
    cdef readonly dict _channels
    cdef readonly object _highest
    cdef readonly long long _messages
    cdef readonly long long _nodes
    cdef readonly long long _waiting
    cdef long long _most_waiting
    cdef long long _most_values

    @cython.locals(family=Family, made=cython.bint, looked_into=cython.bint, structure=str, most=cython.longlong, key=tuple)
    cpdef add(self, message)
    @cython.locals(family=Family)
    cpdef add_like(self, message, long long messages, long long first_ns, long long last_ns, elements=*)
    cpdef merge(self, SchemaFold other)
