# C types of following.py, for its compiled build.
import cython

from wsobserve.excerpt cimport excerpt
from wsobserve.export.recording.connection_redactor cimport ConnectionRedactor
from wsobserve.export.recording.held_packet cimport HeldPacket
from wsobserve.export.recording.look_back cimport Followed, LookBack
from wsobserve.transport.endpoints cimport connection_id, opposite
from wsobserve.transport.packet cimport PacketDecoder

cdef int FIN
cdef int SYN
cdef int RST
cdef int ACK
cdef int WHOLE
cdef int REDACTED
cdef int HEADERS


@cython.final
cdef class Following:
    cdef readonly long long packets_seen
    cdef readonly long long not_tcp
    cdef readonly long long not_chosen
    cdef readonly long long missed
    cdef readonly dict chosen
    cdef readonly long long chosen_connections
    cdef int _way
    cdef object _choice
    cdef bint _looks_back
    cdef LookBack _look_back
    cdef object _write
    cdef PacketDecoder _decoder
    cdef dict _known
    cdef dict _replaced
    cdef dict _waiting
    cdef list _ready
    cdef long long _swept_ns

    @cython.locals(
        decoder=PacketDecoder,
        buffer=bytes,
        offsets="long long[:]",
        captured_lengths="long long[:]",
        original_lengths="long long[:]",
        times_ns="long long[:]",
        link_type=cython.int,
        source=str,
        number=cython.longlong,
        known=dict,
        count=cython.Py_ssize_t,
        i=cython.Py_ssize_t,
        offset=cython.Py_ssize_t,
        time_ns=cython.longlong,
        followed=Followed,
        end=cython.Py_ssize_t,
    )
    cpdef receive(self, object batch)
    @cython.locals(followed=Followed, packet=HeldPacket)
    cpdef choose(self, bytes key, long long time_ns, str by, str reason)
    cpdef forget_replaced(self)
    @cython.locals(followed=Followed)
    cpdef expire(self, long long now_ns)
    cpdef finish(self)
    @cython.locals(decoder=PacketDecoder, redactor=ConnectionRedactor, packet=HeldPacket, payload=bytes, index=cython.int)
    cdef _redact(
        self,
        Followed followed,
        bytes buffer,
        Py_ssize_t offset,
        long long original_length,
        int link_type,
        str source,
        long long time_ns,
    )
    @cython.locals(ready=list, packet=HeldPacket)
    cdef _keep_ready(self, Followed followed)
    cdef _keep(self, Followed followed, HeldPacket packet)
    @cython.locals(comment=str)
    cdef _record(self, Followed followed, HeldPacket packet)
    @cython.locals(decoder=PacketDecoder, reverse=bytes, opens=cython.bint, again=cython.bint, before=Followed)
    cdef Followed _followed(self, Followed followed, long long time_ns, long long packet)
    cdef _begin(self, Followed followed, str by, str reason)
    cdef _ends(self, Followed followed, long long time_ns)
    cdef list _all(self)
    cdef _forget(self, Followed followed)
    cdef _give_up(self, Followed followed)
    cdef _make_room(self)
