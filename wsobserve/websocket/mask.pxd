# C types of mask.py, for its compiled build.
import cython

cdef bint LITTLE_ENDIAN
cdef bytes NO_KEY
cdef bytearray SCRATCH
cdef unsigned char[::1] OCTETS
cdef unsigned long long[::1] WORDS


cpdef bytes unmask(bytes payload, bytes masking_key)
cpdef bint is_ascii_unmasked(bytes payload, bytes masking_key) except -1
cpdef bytes by_integers(bytes payload, bytes masking_key)
@cython.locals(length=cython.Py_ssize_t, start=cython.Py_ssize_t, unmasked=bytearray, part=bytes)
cpdef bytes by_words(bytes payload, bytes masking_key)
@cython.locals(
    length=cython.Py_ssize_t,
    count=cython.Py_ssize_t,
    index=cython.Py_ssize_t,
    first=cython.ulonglong,
    second=cython.ulonglong,
    third=cython.ulonglong,
    fourth=cython.ulonglong,
    key=cython.ulonglong,
    word=cython.ulonglong,
    seen=cython.ulonglong,
    octet=cython.int,
    result=cython.int,
)
cdef int _unmask_in_scratch(bytes payload, bytes masking_key) except -1
