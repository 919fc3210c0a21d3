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
    cpdef add_like(
        self,
        str form,
        long long messages,
        long long first_ns,
        long long last_ns,
        long long frame_bytes,
        long long payload_bytes,
        SizesFold sizes,
    )
    cpdef merge(self, Total other)
    cpdef snapshot(self, tuple key)


cdef class SeriesFold:
    cdef object _sizes_limit
    cdef object _totals
    cdef dict _by_key

    @cython.locals(known=cython.Py_ssize_t)
    cpdef add(self, message)
    @cython.locals(known=cython.Py_ssize_t, total=Total)
    cpdef add_like(
        self,
        message,
        long long messages,
        long long first_ns,
        long long last_ns,
        long long frame_bytes,
        long long payload_bytes,
        SizesFold sizes,
    )
    @cython.locals(key=tuple, total=Total)
    cdef Total _total(self, message)
    cpdef merge(self, SeriesFold other)
