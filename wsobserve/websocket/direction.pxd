# C types of direction.py, for its compiled build.
import cython

from wsobserve.websocket.frame cimport CurrentFrame, FrameReader
from wsobserve.websocket.message cimport MessageAssembler
from wsobserve.websocket.utf8 cimport is_utf8

cdef int SUSPECT_FRAMES


@cython.final
cdef class DirectionDecoder:
    cdef readonly object half
    cdef readonly bint masked
    cdef readonly object limits
    cdef readonly bint frame_records
    cdef readonly FrameReader reader
    cdef readonly MessageAssembler assembler
    cdef readonly bint reserved_bits_defined
    cdef readonly object close_frame
    cdef readonly long long wire_bytes
    cdef readonly long long control_frames
    cdef readonly long long lost_bytes
    cdef readonly long long gaps
    cdef readonly dict anomaly_counts
    cdef readonly long long weight
    cdef long long _continuation_frames
    cdef long long _text_frames
    cdef long long _binary_frames
    cdef dict _other_frames
    cdef bint _masks
    cdef bint _ended
    cdef int _suspect
    cdef bint _compressed
    cdef list _unread
    cdef object _search

    cpdef list adopt(self, object search)
    cpdef list receive(self, bytes data, long long time_ns, long long packet)
    @cython.locals(reader=FrameReader, assembler=MessageAssembler)
    cpdef read(self, bytes data, long long time_ns, long long packet, list out)
    @cython.locals(refused=cython.bint)
    cpdef list gap(self, long long length, long long time_ns, long long packet)
    cpdef list end(self, long long time_ns, long long packet)
    cpdef give_up(self)
    cpdef anomaly(self, list out, object kind, long long time_ns, long long packet, str detail=*)
    cdef bint _in_step(self) except -1
    @cython.locals(reader=FrameReader)
    cdef _read_frames(self, bytes data, long long time_ns, long long packet, list out)
    cdef _begin(self, object found, list out)
    @cython.locals(reader=FrameReader)
    cdef _follow(self, long long time_ns, long long packet, list out)
    cdef _read_on(self, list out)
    cdef object _lost_place(self)
    cdef _search_to_the_end(self, long long missing, list out)
    cdef _lost(self, long long time_ns, long long packet, list out)
    @cython.locals(opcode=cython.int, assembler=MessageAssembler)
    cdef bint _take(self, CurrentFrame frame, list out) except -1
    @cython.locals(payload=bytes)
    cdef _add_close(self, CurrentFrame frame, list out)
    @cython.locals(assembler=MessageAssembler, opcode=cython.int)
    cdef bint _breaks_a_rule(self, CurrentFrame frame) except -1
    @cython.locals(time_ns=cython.longlong, packet=cython.longlong, opcode=cython.int, reserved=cython.int)
    cdef _judge(self, CurrentFrame frame, list out)
    @cython.locals(weight=cython.longlong)
    cdef _weigh(self)
