# C types of hole.py, for its compiled build.
import cython

cdef long long UNACKNOWLEDGED_WAIT_NS
cdef long long SEGMENTS_AFTER_ACKNOWLEDGMENT


@cython.final
cdef class HoleWait:
    cdef readonly long long gap_wait_ns
    cdef readonly long long acknowledged
    cdef readonly long long lowest_acknowledged
    cdef readonly long long since_ns
    cdef readonly long long since_arrival

    cpdef bint acknowledge(self, long long position) except -1
    cpdef forget(self)
    cpdef start(self, long long end, long long time_ns, long long arrival)
    cpdef restart(self)
    cpdef bint is_over(self, long long hole_ns, long long now_ns, long long arrivals) except -1
