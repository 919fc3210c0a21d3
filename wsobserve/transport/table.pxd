# C types of table.py, for its compiled build.
import cython

from wsobserve.transport.closed cimport ClosedConnection
from wsobserve.transport.connection cimport TcpConnection
from wsobserve.transport.endpoints cimport opposite
from wsobserve.transport.half_open cimport HalfOpen, only_opens
from wsobserve.transport.held cimport StreamTotals
from wsobserve.transport.packet cimport PacketDecoder

cdef Py_ssize_t EVICTED_AT_ONCE


@cython.final
cdef class ConnectionTable:
    cdef readonly int partition
    cdef readonly StreamTotals totals
    cdef Py_ssize_t _most
    cdef long long _gap_wait_ns
    cdef long long _idle_ns
    cdef long long _closed_ns
    cdef dict _known
    cdef dict _connections
    cdef dict _half_open
    cdef dict _closed
    cdef dict _waiting
    cdef long long _never_open
    cdef dict _evicted

    @cython.locals(index=cython.int, syn=HalfOpen, reverse=bytes)
    cpdef TcpConnection connection_for(
        self, TcpConnection known, PacketDecoder segment, long long time_ns, long long packet, list out
    )
    cpdef look_after(self, TcpConnection connection)
    @cython.locals(connection=TcpConnection)
    cpdef bint ignore(self, str identifier) except -1
    @cython.locals(connection=TcpConnection)
    cpdef finish(self, list out)
    @cython.locals(connection=TcpConnection)
    cpdef give_up(self, list out)
    @cython.locals(totals=StreamTotals)
    cpdef account(self, object accounting)
    @cython.locals(connection=TcpConnection)
    cdef TcpConnection _whole(self, HalfOpen syn, list out)
    @cython.locals(closed=ClosedConnection)
    cdef bint _comes_late(self, PacketDecoder segment, bytes reverse, long long time_ns) except -1
    cdef TcpConnection _enter(self, TcpConnection connection)
    cdef _forget(self, TcpConnection connection)
    cdef _bury(self, TcpConnection connection)
    @cython.locals(count=cython.Py_ssize_t, closed=ClosedConnection, syn=HalfOpen, connection=TcpConnection)
    cdef _make_room(self, long long time_ns, long long packet, list out)
    cdef _evict(self, TcpConnection connection, str reason, list out)
    @cython.locals(connection=TcpConnection)
    cpdef expire(self, long long now_ns, list out)
    @cython.locals(closed=ClosedConnection, connection=TcpConnection, syn=HalfOpen)
    cpdef sweep(self, long long now_ns, list out)
