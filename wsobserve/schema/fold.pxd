# C types of fold.py, for its compiled build.
import cython

from wsobserve.schema.shape cimport Shape, Walk


cdef class Kind:
    cdef readonly long long messages
    cdef readonly long long first_ns
    cdef readonly long long last_ns
    cdef readonly dict formats
    cdef readonly Shape shape
    cdef readonly long long nodes
    cdef readonly dict structures

    cpdef count(self, str form, long long time_ns)
    cpdef count_like(self, str form, long long messages, long long first_ns, long long last_ns)
    @cython.locals(counted=list, number=cython.Py_ssize_t)
    cpdef bint add_structure(self, str structure, elements=*, long long messages=*) except -1
    @cython.locals(walk=Walk)
    cpdef long long add_body(self, message, limits) except -1
    @cython.locals(walk=Walk, counted=list)
    cpdef take_in(self, limits)
    cpdef merge(self, Kind other)
    cpdef trim(self, long long allowance, limits)


cdef class ChannelKinds:
    cdef readonly dict kinds
    cdef readonly object highest

    cpdef Kind kind(self, tuple key, long long time_ns)
    @cython.locals(kind=Kind)
    cpdef merge(self, ChannelKinds other)
    @cython.locals(kind=Kind)
    cpdef trim(self, long long allowance, limits)


cdef class SchemaFold:
    cdef readonly object _limits
    cdef readonly dict _channels
    cdef readonly object _highest
    cdef readonly long long _messages
    cdef readonly long long _nodes
    cdef readonly long long _structures
    cdef long long _most_structures
    cdef long long _most_values

    @cython.locals(channel=ChannelKinds, kind=Kind, made=cython.bint, structure=str, most=cython.longlong, key=tuple, time_ns=cython.longlong)
    cpdef add(self, message)
    @cython.locals(channel=ChannelKinds, kind=Kind)
    cpdef add_like(self, message, long long messages, long long first_ns, long long last_ns, elements=*)
    cdef _keep_within(self, ChannelKinds channel)
    cdef _add_body(self, Kind kind, message)
    @cython.locals(kind=Kind)
    cdef _take_in(self)
    cdef ChannelKinds _channel(self, str name)
    @cython.locals(channel=ChannelKinds)
    cpdef merge(self, SchemaFold other)
    cdef _settle(self)
    @cython.locals(channel=ChannelKinds, kind=Kind)
    cdef _trim(self)
