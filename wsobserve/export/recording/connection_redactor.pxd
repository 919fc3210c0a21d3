# C types of connection_redactor.py, for its compiled build.
import cython

from wsobserve.export.recording.held_packet cimport HeldPacket
from wsobserve.export.recording.stream_redactor cimport StreamRedactor

cdef int SYN
cdef int ACK


@cython.final
cdef class Waiting:
    cdef readonly HeldPacket packet
    cdef readonly int index
    cdef readonly long long position
    cdef readonly bytes payload


@cython.final
cdef class ConnectionRedactor:
    cdef list _streams
    cdef int _client
    cdef bint _agreed
    cdef list _waiting
    cdef list _unread
    cdef readonly Py_ssize_t waiting_packets
    cdef readonly Py_ssize_t waiting_bytes

    @cython.locals(stream=StreamRedactor, position=cython.longlong, changed=cython.bint)
    cpdef receive(
        self,
        int index,
        int flags,
        long long sequence_number,
        long long acknowledgment_number,
        HeldPacket packet,
        bytes payload,
        list ready,
    )
    cpdef give_up_waiting(self, list ready)
    cdef StreamRedactor _stream(self, int index, int flags, long long sequence_number, long long acknowledgment_number)
    @cython.locals(server=StreamRedactor, client=StreamRedactor, stream=StreamRedactor)
    cdef bint _agree(self) except -1
    @cython.locals(parts=list, known=cython.int)
    cdef bint _show(self, StreamRedactor stream, HeldPacket packet, long long position, bytes payload, list ready) except -1
    @cython.locals(waiting=Waiting)
    cdef _wait(self, HeldPacket packet, int index, long long position, bytes payload, list ready, bint changed)
    @cython.locals(changed=cython.bint, unread=list, waiting=Waiting, stream=StreamRedactor)
    cdef _read_on(self)
    @cython.locals(count=cython.Py_ssize_t, waiting=Waiting, stream=StreamRedactor, size=cython.Py_ssize_t)
    cdef _drain(self, list ready)
    @cython.locals(stream=StreamRedactor, waiting=Waiting)
    cdef _lose_first(self)
