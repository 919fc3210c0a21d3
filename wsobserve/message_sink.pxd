# C types of message_sink.py, for its compiled build.


cdef class HalfSink:
    cpdef bint take(self, long long time_ns, int opcode, bytes payload, bint utf8, long long length, long long frame_bytes) except -1


cdef class MessageSink:
    cpdef HalfSink of(self, half)
