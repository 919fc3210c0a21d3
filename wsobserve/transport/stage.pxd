# C types of stage.py, for its compiled build.
import cython

from wsobserve.transport.connection cimport TcpConnection
from wsobserve.transport.endpoints cimport partition_of
from wsobserve.transport.packet cimport PacketDecoder
from wsobserve.transport.table cimport ConnectionTable

cdef long long CHECK_NS
cdef long long TURN_PACKETS


@cython.final
cdef class Transport:
    cdef object _fragments
    cdef PacketDecoder _decoder
    cdef dict _known
    cdef list _tables
    cdef long long _sweep_ns
    cdef long long _packets_seen
    cdef long long _first_time_ns
    cdef long long _last_time_ns
    cdef long long _previous_ns
    cdef long long _checked_ns
    cdef long long _swept_ns
    cdef long long _turned

    @cython.locals(
        out=list,
        decoder=PacketDecoder,
        connection=TcpConnection,
        table=ConnectionTable,
        known=dict,
        buffer=bytes,
        offsets=cython.longlong[::1],
        captured_lengths=cython.longlong[::1],
        original_lengths=cython.longlong[::1],
        times_ns=cython.longlong[::1],
        time_ns=cython.longlong,
        now_ns=cython.longlong,
        previous_ns=cython.longlong,
        checked_ns=cython.longlong,
        first_ns=cython.longlong,
        last_ns=cython.longlong,
        number=cython.longlong,
        seen=cython.longlong,
        packet=cython.longlong,
        i=cython.Py_ssize_t,
        count=cython.Py_ssize_t,
        index=cython.int,
        link_type=cython.int,
    )
    cpdef list receive(self, object batch)
    cpdef list expire(self, long long now_ns)
    @cython.locals(table=ConnectionTable)
    cpdef list finish(self)
    @cython.locals(table=ConnectionTable)
    cpdef ignore(self, str connection)
    @cython.locals(table=ConnectionTable)
    cpdef list follow_only(self, int partitions)
    @cython.locals(decoder=PacketDecoder, table=ConnectionTable)
    cpdef account(self, object accounting)
    @cython.locals(key=bytes, ports=cython.Py_ssize_t, table=ConnectionTable)
    cdef TcpConnection _connection_for(self, TcpConnection known, long long time_ns, long long packet, list out)
    cdef bint _turns_back(self, long long seen) except -1
    @cython.locals(table=ConnectionTable, sweeps=cython.bint)
    cdef _check(self, long long now_ns, list out)
