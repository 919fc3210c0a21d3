# C types of shape.py, for its compiled build.
import cython

from wsobserve.schema.repeated cimport Repeated


cdef class Walk:
    cdef public long long depth
    cdef public long long properties
    cdef public long long messages
    cdef public long long made


cdef class Shape:
    cdef readonly long long _nulls
    cdef readonly long long _booleans
    cdef readonly long long _integers
    cdef readonly long long _numbers
    cdef readonly long long _strings
    cdef readonly long long _binaries
    cdef readonly long long _arrays
    cdef readonly long long _objects
    cdef readonly dict _properties
    cdef readonly object highest
    cdef readonly Shape others
    cdef readonly long long entries
    cdef readonly Shape items
    cdef readonly long long elements
    cdef readonly long long unseen

    cpdef add(self, value, Walk walk, long long depth=*)
    @cython.locals(shape=Shape, properties=dict)
    cdef _add_object(self, dict value, Walk walk, long long depth)
    @cython.locals(messages=cython.longlong, elements=cython.longlong, one=Repeated)
    cdef _add_array(self, value, Walk walk, long long depth)
    @cython.locals(shape=Shape, properties=dict)
    cdef Shape _property(self, key, Walk walk)
    @cython.locals(known=dict, by_hash=list)
    cdef _keep(self, long long properties)
    @cython.locals(shape=Shape, ours=Shape)
    cpdef merge(self, Shape other)
    @cython.locals(nodes=cython.longlong, inner=cython.longlong, shape=Shape)
    cpdef long long size(self, long long properties) except -2
    cdef list _children(self)
    @cython.locals(left=cython.longlong, stay=cython.longlong, shape=Shape)
    cpdef long long trim(self, long long allowance, long long properties) except -1
