# C types of stage.py, for its compiled build.
import cython

from wsobserve.transport.connection cimport TcpConnection
from wsobserve.transport.half_open cimport HalfOpen, only_opens
from wsobserve.transport.held cimport StreamTotals
from wsobserve.transport.packet cimport PacketDecoder

cdef long long CHECK_NS
cdef Py_ssize_t EVICTED_AT_ONCE


cdef class Transport:
    cdef object _limits
    cdef object _fragments
    cdef PacketDecoder _decoder
    cdef StreamTotals _totals
    cdef dict _table
    cdef dict _connections
    cdef dict _half_open
    cdef dict _waiting
    cdef long long _packets_seen
    cdef object _first_time_ns
    cdef object _last_time_ns
    cdef long long _previous_ns
    cdef long long _checked_ns
    cdef long long _swept_ns

    @cython.locals(
        out=list,
        decoder=PacketDecoder,
        connection=TcpConnection,
        table=dict,
        buffer=bytes,
        offsets=cython.longlong[::1],
        captured_lengths=cython.longlong[::1],
        original_lengths=cython.longlong[::1],
        times_ns=cython.longlong[::1],
        time_ns=cython.longlong,
        now_ns=cython.longlong,
        number=cython.longlong,
        packet=cython.longlong,
        i=cython.Py_ssize_t,
        count=cython.Py_ssize_t,
        index=cython.int,
        link_type=cython.int,
    )
    cpdef list receive(self, object batch)
    cpdef list expire(self, long long now_ns)
    @cython.locals(connection=TcpConnection, syn=HalfOpen)
    cpdef list finish(self)
    @cython.locals(known=TcpConnection)
    cpdef ignore(self, str connection)
    @cython.locals(decoder=PacketDecoder, totals=StreamTotals)
    cpdef account(self, object accounting)
    cdef _note_times(self, object first_ns, object last_ns)
    @cython.locals(decoder=PacketDecoder, connection=TcpConnection, index=cython.int)
    cdef TcpConnection _connection_for(self, TcpConnection known, long long time_ns, long long packet, list out)
    @cython.locals(syn=HalfOpen)
    cdef TcpConnection _opened(self, bytes key, list out)
    @cython.locals(connection=TcpConnection)
    cdef TcpConnection _begun(self, HalfOpen syn, list out)
    @cython.locals(connection=TcpConnection)
    cdef _end_half_open(self, HalfOpen syn, str reason, list out)
    cdef TcpConnection _enter(self, TcpConnection connection)
    cdef _forget(self, TcpConnection connection)
    cdef _make_room(self, long long time_ns, long long packet, list out)
    @cython.locals(connection=TcpConnection)
    cdef _check(self, long long now_ns, list out)
    @cython.locals(connection=TcpConnection, syn=HalfOpen)
    cdef _sweep(self, long long now_ns, list out)
