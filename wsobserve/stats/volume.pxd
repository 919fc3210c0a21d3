# C types of volume.py, for its compiled build.
import cython

from wsobserve.stats.sizes cimport SizesFold


cdef class Bucket:
    cdef readonly long long start_ns
    cdef readonly long long end_ns
    cdef readonly long long messages
    cdef readonly long long undecoded
    cdef readonly long long frame_bytes
    cdef readonly long long payload_bytes
    cdef readonly SizesFold sizes
    cdef public bint changed
    cdef public bint exported

    cpdef add(self, str form, long long frame_bytes, long long length)
    cpdef add_like(self, long long messages, long long frame_bytes, long long payload_bytes, SizesFold sizes)
    cpdef merge(self, Bucket other)


cdef class ChannelSteps:
    cdef readonly long long sizes_limit
    cdef readonly object first_ns
    cdef readonly int level
    cdef readonly object step_ns
    cdef readonly dict buckets
    cdef readonly dict latest
    cdef readonly dict gone

    @cython.locals(bucket=Bucket)
    cpdef merge(self, ChannelSteps other)
    @cython.locals(bucket=Bucket)
    cpdef coarsen(self, int level)
    @cython.locals(bucket=Bucket)
    cpdef dict handed_out(self)
    cpdef tuple span(self, number)
    @cython.locals(bucket=Bucket)
    cpdef forget_before(self, time_ns)
    @cython.locals(bucket=Bucket)
    cpdef Bucket bucket(self, tuple key)


cdef class VolumeFold:
    cdef readonly long long _limit
    cdef readonly long long _sizes_limit
    cdef object _channels
    cdef dict _by_name
    cdef readonly long long _entries
    cdef long long _most_entries
    cdef long long _forgotten_ns
    cdef dict _gone

    @cython.locals(bucket=Bucket)
    cpdef add(self, message)
    @cython.locals(bucket=Bucket)
    cpdef add_like(
        self, message, long long messages, long long time_ns, long long frame_bytes, long long payload_bytes, SizesFold sizes
    )
    @cython.locals(channel=ChannelSteps, bucket=Bucket, before=cython.Py_ssize_t)
    cdef Bucket _bucket(self, str name, direction, long long time_ns)
    cdef ChannelSteps _make(self, str name)
    cpdef merge(self, VolumeFold other)
    @cython.locals(channel=ChannelSteps)
    cdef _settle(self)
    cdef list _all(self)
