# C types of jump.py, for its compiled build.
import cython

cdef long long MASK
cdef int SEGMENTS_THAT_AGREE


@cython.final
cdef class Jump:
    cdef readonly long long segments
    cdef readonly long long arrival
    cdef readonly long long started
    cdef readonly long long following
    cdef readonly bint acknowledged

    @cython.locals(length=cython.longlong)
    cpdef acknowledge(self, long long acknowledgment_number)
    @cython.locals(proved=cython.bint)
    cpdef bint receive(self, long long sequence_number, long long length, long long arrival) except -1
