# C types of interface.py, for its compiled build.
cdef class Interface:
    cdef readonly int link_type
    cdef readonly long long snap_length
    cdef public object interface_dropped
    cdef public object kernel_dropped
    cdef public object marked_dropped
    cdef readonly object units_ns
    cdef readonly object units_per
    cdef readonly object offset_ns
    cdef readonly long long exact_units
    cdef readonly long long exact_ns
    cdef readonly long long exact_per
    cdef readonly long long exact_offset_ns
