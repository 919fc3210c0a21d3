# C types of window.py, for its compiled build.
import cython

@cython.final
cdef class ZeroWindow:
    cdef readonly long long total_ns
    cdef readonly long long since_ns

    cpdef announce(self, int window, long long time_ns)
