# C types of stage.py, for its compiled build.
import cython

from wsobserve.payload.structure cimport StructureReader

cdef tuple NO_ROUTE
cdef tuple NOT_KNOWN


cdef class Payload:
    cdef object _limits
    cdef dict _routes
    cdef object _missed
    cdef StructureReader _reader
    cdef dict _known
    cdef readonly long long forgotten

    cpdef list receive(self, record)
    cpdef object state_route(self, object summary)
    cdef tuple _join(self, half)
    cdef _keep(self, half, tuple told)
    @cython.locals(text=cython.bint, told=tuple, known=tuple, structure=str, elements=tuple, channel=str)
    cdef _said(self, record)
    cdef tuple _learn(self, str structure)
    cdef _open(self, handshake)
    cpdef forget(self, str connection, object stream=*)
    cpdef list expire(self, object now_ns)
    cpdef list finish(self)


cdef _route_key(str connection, object stream)
