# C types of leaf.py, for its compiled build.
import cython

from wsobserve.excerpt cimport excerpt
from wsobserve.schema.formats cimport formats_of

cdef int MEMBERS
cdef int LONGEST_MEMBER


cdef class Leaf:
    cdef readonly long long texts
    cdef readonly long bits
    cdef readonly bytes _members
    cdef readonly object low
    cdef readonly object high
    cdef readonly long long trues
    cdef readonly long long falses

    @cython.locals(new=cython.bint, bits=cython.long, members=bytes, member=cython.uint)
    cpdef bint see_text(self, bytes text) except -1
    cpdef bint see_number(self, value) except -1
    cpdef bint see_truth(self, bint value) except -1
    @cython.locals(first=cython.uchar)
    cpdef bint see(self, bytes text, Py_ssize_t start, Py_ssize_t end) except -1
    cpdef known_texts(self)
    cpdef merge(self, Leaf other)


@cython.locals(content="const unsigned char *", start=cython.Py_ssize_t)
cdef bint _holds(bytes members, unsigned int member) except -1
cpdef number_of(bytes token)
