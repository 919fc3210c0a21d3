# C types of sizes.py, for its compiled build.
import cython

cdef int SCALE
cdef list SMALL


cdef class SizesFold:
    cdef readonly long long limit
    cdef readonly int scale
    cdef readonly long long count
    cdef readonly object total
    cdef readonly object minimum
    cdef readonly object maximum
    cdef readonly long long zero_count
    cdef readonly dict buckets
    cdef long long _from
    cdef long long _to
    cdef int _index
    cdef long long _repeated
    cdef long long _sum
    cdef long long _lowest
    cdef long long _highest

    cpdef _take_over(self, sizes)
    cpdef add(self, value)
    cpdef add_length(self, long long length)
    cdef _settle(self)
    cdef _enter(self, int index, long long numbers)
    @cython.locals(shift=cython.int)
    cpdef merge(self, SizesFold other)
    cdef _coarsen(self, int scale)
    cpdef snapshot(self)
