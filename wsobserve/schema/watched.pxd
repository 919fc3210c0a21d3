# C types of watched.py, for its compiled build.


cdef class Watched:
    cdef readonly list leaves
    cdef readonly object limit
    cdef object _channel
    cdef object _channels
    cdef object _limits
    cdef object _message
    cdef object _number
    cdef object _sample

    cpdef offer(self, bytes payload, long long time_ns, str connection)
    cdef _learn_limit(self)
