# C types of sample.py, for its compiled build: they take half the room of Python's.
import cython


cdef class Sampled:
    cdef readonly tuple key
    cdef readonly bint binary
    cdef readonly str direction
    cdef readonly str name
    cdef readonly str form
    cdef readonly str connection
    cdef readonly long long times
    cdef readonly long long first_ns
    cdef readonly long long last_ns

    cpdef count(self, long long times, long long first_ns, long long last_ns, str connection)
    cpdef body(self)


cdef class Stratum:
    cdef readonly str name
    cdef readonly str direction
    cdef readonly str form
    cdef readonly long long messages
    cdef readonly long long first_ns
    cdef readonly long long last_ns
    cdef readonly tuple lowest

    cpdef limit(self)
    cpdef count(self, long long messages, long long first_ns, long long last_ns)
    cpdef find(self, tuple key)
    cpdef keep(self, Sampled message)


cpdef long long payload_hash(bytes payload) except -1
