# C types of mask.py, for its compiled build.
import cython

from wsobserve.excerpt cimport excerpt

cdef bint LITTLE_ENDIAN
cdef Py_ssize_t SCRATCH_LENGTH
cdef bint COMPILED
cdef bytes NO_KEY
cdef object SCRATCH
cdef unsigned char[::1] OCTETS
cdef unsigned long long[::1] WORDS


cpdef bytes unmask(bytes payload, bytes masking_key)
cpdef bytes unmask_behind_key(bytes data, Py_ssize_t start, Py_ssize_t end)
cpdef bint is_ascii_behind_key(bytes data, Py_ssize_t start, Py_ssize_t end) except -1
cpdef bytes by_integers(bytes payload, bytes masking_key)
@cython.locals(length=cython.Py_ssize_t, start=cython.Py_ssize_t, key=cython.ulonglong, unmasked=bytearray, part=bytes)
cpdef bytes by_words(bytes payload, bytes masking_key)
@cython.locals(first=cython.ulonglong, second=cython.ulonglong, third=cython.ulonglong, fourth=cython.ulonglong)
cdef unsigned long long _key_at(bytes data, Py_ssize_t position) except? 0
@cython.locals(
    length=cython.Py_ssize_t,
    count=cython.Py_ssize_t,
    index=cython.Py_ssize_t,
    word_key=cython.ulonglong,
    word=cython.ulonglong,
    seen=cython.ulonglong,
    octet=cython.int,
    result=cython.int,
)
cdef int _unmask_in_scratch(bytes payload, unsigned long long key) except -1
