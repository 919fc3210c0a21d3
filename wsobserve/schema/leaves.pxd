# C types of leaves.py, for its compiled build.
import cython

from wsobserve.schema.leaf cimport Leaf


cdef class Leaves:
    cdef readonly dict by_place
    cdef readonly object highest

    cpdef Leaf at(self, str place, long long most)
    @cython.locals(new=cython.bint, leaf=Leaf)
    cpdef bint add(self, value, long long most, long long deepest, str place=*) except -1
    cpdef trim(self, long long most)
    cpdef keep_below(self, highest)
    @cython.locals(leaf=Leaf, ours=Leaf)
    cpdef merge(self, Leaves other)
