# C types of stretch.py, for its compiled build.
import cython

cdef int PLAIN
cdef int LITERAL
cdef int BLOCK_BEGIN
cdef int EMPTY_BLOCK_BEGIN
cdef bytes BLOCK_END
cdef bytes FRAGMENT_END


@cython.final
cdef class Stretch:
    cdef readonly long long start
    cdef readonly bytes shown
    cdef readonly long long payload_start
    cdef readonly long long end
    cdef readonly int filling
    cdef readonly int first
    cdef readonly bytes tail
    cdef readonly bytes key

    @cython.locals(
        shown_end=cython.longlong, stop=cython.longlong, key=bytes, turn=cython.Py_ssize_t, count=cython.Py_ssize_t, filling=cython.int, filler=bytes, word=bytes, position=cython.Py_ssize_t
    )
    cpdef write(self, bytearray out, long long start, long long end)
    @cython.locals(at=cython.longlong, tail=bytes, index=cython.Py_ssize_t)
    cdef _patch(self, bytearray out, Py_ssize_t position, long long start, long long end)


cpdef Stretch head_stretch(long long start, bytes redacted)
cpdef Stretch plain_stretch(long long start, bytes shown, long long payload_start, long long end, bytes key)
@cython.locals(payload_start=cython.longlong, length=cython.longlong, tail=bytes, first=cython.int, unfinished=cython.bint)
cpdef tuple deflated_stretch(long long start, bytes shown, long long end, bytes key, bint final, bint begun)
