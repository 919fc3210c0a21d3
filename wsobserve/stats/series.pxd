# C types of series.py, for its compiled build.
import cython

from wsobserve.stats.sizes cimport SizesFold

cdef tuple OVERFLOW_KEY


cdef class Total:
    cdef readonly long long messages
    cdef readonly long long undecoded
    cdef readonly long long frame_bytes
    cdef readonly long long payload_bytes
    cdef readonly dict formats
    cdef long long _first_ns
    cdef long long _last_ns
    cdef readonly SizesFold sizes

    cpdef add(self, str form, long long time_ns, long long frame_bytes, long long length)
    cpdef merge(self, Total other)
    cpdef snapshot(self, tuple key)


cdef class SeriesFold:
    cdef object _sizes_limit
    cdef object _totals
    cdef dict _by_key

    @cython.locals(key=tuple, total=Total, made=cython.bint)
    cpdef add(self, message)
    cpdef merge(self, SeriesFold other)
