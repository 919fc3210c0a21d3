# C types of share.py, for its compiled build.
import cython

from wsobserve.websocket.connection cimport WebSocketConnection


@cython.final
cdef class Share:
    cdef readonly long long limit
    cdef readonly long long held
    cdef object _holding

    cpdef note(self, WebSocketConnection connection)
    cpdef over(self)
    cpdef recount(self, WebSocketConnection connection)
