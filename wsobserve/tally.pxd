# C types of tally.py, for its compiled build.
import cython

from wsobserve.excerpt cimport excerpt
from wsobserve.message_sink cimport HalfSink, MessageSink
from wsobserve.payload.structure cimport StructureReader
from wsobserve.schema.leaf cimport Leaf, number_of
from wsobserve.schema.sample cimport payload_hash
from wsobserve.schema.watched cimport Watched
from wsobserve.stats.sizes cimport SizesFold

cdef int TEXT
cdef int QUOTATION_MARK
cdef long long MOST_STRIDE


@cython.final
cdef class LikeMessages:
    cdef readonly object like
    cdef readonly Watched watched
    cdef readonly long long[::1] which
    cdef readonly SizesFold sizes
    cdef readonly object elements
    cdef public object forms
    cdef readonly long long start_ns
    cdef readonly long long end_ns
    cdef readonly long long first_ns
    cdef readonly long long last_ns
    cdef readonly long long messages
    cdef readonly long long frame_bytes
    cdef readonly long long payload_bytes

    cpdef begin(self, long long time_ns, SizesFold sizes)


cdef class HalfTally(HalfSink):
    cdef readonly Tally tally
    cdef readonly object half
    cdef readonly dict known
    cdef readonly long long learnt_at

    @cython.locals(tally=Tally, reader=StructureReader, structure=str, like=LikeMessages)
    cpdef bint take(self, long long time_ns, int opcode, bytes payload, bint utf8, long long length, long long frame_bytes) except -1
    @cython.locals(which="long long[::1]", number=cython.Py_ssize_t, start=cython.Py_ssize_t, end=cython.Py_ssize_t, places=list)
    cdef bint is_familiar(self, LikeMessages like, StructureReader reader, bytes payload) except -1
    @cython.locals(watched=Watched, leaves=list, leaf=Leaf, which="long long[::1]", number=cython.Py_ssize_t)
    cdef see(self, LikeMessages like, StructureReader reader, bytes payload, long long time_ns)


cdef class Tally(MessageSink):
    cdef public bint open
    cdef public object drift
    cdef readonly HalfTally asked
    cdef readonly StructureReader reader
    cdef readonly long long sizes_limit
    cdef readonly long long longest
    cdef readonly long long table
    cdef readonly long long drift_stride
    cdef readonly bint passes_over
    cdef readonly long long passed_over
    cdef long long _turn
    cdef long long _looks
    cdef long long _looks_until_ns
    cdef long long _most_looks
    cdef object _findings
    cdef Py_ssize_t _most
    cdef dict _counted
    cdef StructureReader _structures

    cpdef HalfSink of(self, half)
    cdef next_turn(self, long long time_ns)
    cpdef bint looks(self, long long time_ns) except -1
    @cython.locals(asked=HalfTally, like=LikeMessages)
    cpdef learn(self, message)
    @cython.locals(reader=StructureReader)
    cdef _learn_form(self, drift, LikeMessages like, message)
    @cython.locals(like=LikeMessages)
    cpdef flush(self)
    cpdef forget(self)
    cpdef hand_over(self, LikeMessages like)


@cython.locals(which="long long[::1]", number=cython.Py_ssize_t)
cpdef bytes values_at(list choosers, LikeMessages like, StructureReader reader, bytes payload)
