# C types of held.py, for its compiled build.
import cython

from wsobserve.transport.hole cimport HoleWait

cdef long long PIECE_WEIGHT
cdef long long RECENT_BYTES
cdef long long RECENT_SHARE
cdef long long RECENT_LEAST


cdef class HeldBytes


@cython.final
cdef class StreamTotals:
    cdef readonly HeldBytes nothing_held
    cdef readonly HoleWait no_wait
    cdef readonly Py_ssize_t recent_bytes
    cdef readonly long long stream_buffer
    cdef readonly long long total_buffer
    cdef readonly long long gap_wait_ns
    cdef readonly long long start_packets
    cdef public long long payload_bytes
    cdef public long long delivered
    cdef public long long duplicate
    cdef public long long buffered
    cdef public long long weight
    cdef public long long lost
    cdef public long long gaps
    cdef readonly dict discarded

    @cython.locals(allowed=cython.longlong)
    cpdef share_recent(self, long long connections)
    cpdef discard(self, str reason, long long length)


@cython.final
cdef class Piece:
    cdef readonly long long position
    cdef readonly long long length
    cdef readonly bytes data
    cdef readonly long long arrival
    cdef readonly long long time_ns
    cdef readonly long long packet


@cython.final
cdef class HeldBytes:
    cdef readonly StreamTotals totals
    cdef readonly list pieces
    cdef readonly long long weight

    @cython.locals(
        pieces=list,
        conflict=cython.bint,
        position=cython.longlong,
        base=cython.longlong,
        end=cython.longlong,
        until=cython.longlong,
        index=cython.Py_ssize_t,
        common=cython.Py_ssize_t,
        first=Piece,
        following=Piece,
        again=bytes,
        before=bytes,
        fresh=bytes,
    )
    cpdef bint insert(self, Piece piece) except -1
    @cython.locals(first=Piece, early=cython.longlong)
    cpdef drop_before(self, long long position)
    @cython.locals(last=Piece, kept=cython.longlong)
    cpdef drop_behind(self, long long position)
    @cython.locals(piece=Piece)
    cpdef discard(self, str reason)
    @cython.locals(weight=cython.longlong)
    cpdef release(self, Piece piece)
    cpdef bint over_limit(self) except -1
    @cython.locals(weight=cython.longlong)
    cdef _hold(self, Py_ssize_t index, Piece piece)
    @cython.locals(
        pieces=list, low=cython.Py_ssize_t, high=cython.Py_ssize_t, middle=cython.Py_ssize_t, piece=Piece
    )
    cdef Py_ssize_t _first_behind(self, long long position) except -1
