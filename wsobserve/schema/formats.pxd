# C types of formats.py, for its compiled build.
import cython

cdef dict _TESTS
cdef long LONGEST


@cython.locals(tests=tuple, found=cython.long, bit=cython.long, in_doubt=cython.bint)
cpdef long formats_of(bytes text, long among=*) except -1
cdef _holds(long bit, match, bytes text)
