# C types of stage.py, for its compiled build.
import cython

from wsobserve.payload.structure cimport StructureReader

cdef tuple NO_ROUTE
cdef tuple NOT_KNOWN


cdef class Payload:
    cdef object _limits
    cdef dict _routes
    cdef StructureReader _reader
    cdef dict _known
    cdef readonly long long forgotten

    cpdef list receive(self, record)
    @cython.locals(text=cython.bint, known=tuple, structure=str, elements=tuple, channel=str)
    cdef _said(self, record)
    cdef tuple _learn(self, str structure)
    cdef _open(self, handshake)
    cpdef forget(self, str connection, object stream=*)
    cpdef list expire(self, object now_ns)
    cpdef list finish(self)


cdef _route_key(str connection, object stream)
