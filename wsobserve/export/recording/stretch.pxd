# C types of stretch.py, for its compiled build.
import cython

from wsobserve.excerpt cimport excerpt
from wsobserve.websocket.mask cimport unmask

cdef int PLAIN
cdef Py_ssize_t FILLER_LENGTH
cdef bytes FILLER
cdef int LITERAL
cdef int BLOCK_BEGIN
cdef int EMPTY_BLOCK_BEGIN
cdef bytes BLOCK_END
cdef bytes FRAGMENT_END


@cython.final
cdef class Stretch:
    cdef public long long start
    cdef public bytes shown
    cdef public long long payload_start
    cdef public long long end
    cdef public int filling
    cdef public int first
    cdef public bytes tail
    cdef public bytes key

    @cython.locals(shown_end=cython.longlong, shown=bytes, count=cython.Py_ssize_t, filler=bytes, turn=cython.Py_ssize_t)
    cpdef bytes piece(self, long long start, long long end)
    @cython.locals(patched=bytearray, at=cython.longlong, tail=bytes, index=cython.Py_ssize_t)
    cdef bytes _patched(self, bytes filler, long long start, long long end)


@cython.locals(stretch=Stretch)
cdef Stretch make_stretch(
    long long start, bytes shown, long long payload_start, long long end, int filling, int first, bytes tail, bytes key
)
cpdef Stretch head_stretch(long long start, bytes redacted)
cpdef Stretch plain_stretch(long long start, bytes shown, long long payload_start, long long end, bytes key)
@cython.locals(payload_start=cython.longlong, length=cython.longlong, tail=bytes, first=cython.int, unfinished=cython.bint)
cpdef tuple deflated_stretch(long long start, bytes shown, long long end, bytes key, bint final, bint begun)
