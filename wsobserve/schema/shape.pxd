# C types of shape.py, for its compiled build.
import cython

from wsobserve.schema.repeated cimport Repeated


cdef class Walk:
    cdef public long long depth
    cdef public long long properties
    cdef public long long messages
    cdef public long long made


cdef class Shape:
    cdef readonly dict types
    cdef readonly dict properties
    cdef readonly object highest
    cdef readonly Shape others
    cdef readonly long long entries
    cdef readonly Shape items
    cdef readonly long long elements
    cdef readonly long long unseen

    cpdef add(self, value, Walk walk, long long depth=*)
    @cython.locals(shape=Shape)
    cdef _add_object(self, dict value, Walk walk, long long depth)
    @cython.locals(messages=cython.longlong, elements=cython.longlong, one=Repeated)
    cdef _add_array(self, value, Walk walk, long long depth)
    @cython.locals(shape=Shape)
    cdef Shape _property(self, key, Walk walk)
    cdef _keep(self, long long properties)
    @cython.locals(shape=Shape, ours=Shape)
    cpdef merge(self, Shape other)
    @cython.locals(left=cython.longlong, stay=cython.longlong, shape=Shape)
    cpdef long long trim(self, long long allowance, long long properties) except -1
