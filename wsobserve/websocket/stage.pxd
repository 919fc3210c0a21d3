# C types of stage.py, for its compiled build.
import cython

from wsobserve.stream_bytes cimport StreamBytes
from wsobserve.websocket.connection cimport WebSocketConnection
from wsobserve.websocket.share cimport Share


cdef class WebSocket:
    cdef readonly object limits
    cdef readonly bint frame_records
    cdef readonly object message_records
    cdef readonly dict _connections
    cdef list _shares
    cdef list _ignored
    cdef object _totals

    @cython.locals(out=list, connection=WebSocketConnection)
    cpdef list receive(self, object record)
    @cython.locals(connection=WebSocketConnection)
    cpdef receive_bytes(self, StreamBytes record, list out)
    @cython.locals(connection=WebSocketConnection)
    cpdef list give_up(self, str identifier)
    cdef _break(self, WebSocketConnection connection, object record, list out)
    @cython.locals(share=Share, connection=WebSocketConnection)
    cdef _make_room(self, WebSocketConnection used, list out)
    cdef _after(self, WebSocketConnection connection)
    @cython.locals(connection=WebSocketConnection)
    cdef list _end(self, str identifier, object end)
    @cython.locals(connection=WebSocketConnection)
    cdef list _anomaly(self, object anomaly)
