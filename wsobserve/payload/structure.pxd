# C types of structure.py, for its compiled build.
import cython

from wsobserve.excerpt cimport digits_end, plain_end

cdef int LONGEST_TEXT
cdef int LONGEST_STRUCTURE
cdef int DEEPEST
cdef int MOST_ELEMENTS
cdef int MOST_VALUES
cdef int MOST_SIBLINGS
cdef int MOST_DIGITS
cdef int LONGEST_NAME
cdef int LONGEST_NAMING_KEY
cdef list NAMING_KEYS
cdef bytes NAMING
cdef bytes NULL
cdef bytes TRUE
cdef bytes FALSE
cdef int VALUE
cdef int VALUE_OR_END
cdef int KEY
cdef int KEY_OR_END
cdef int COLON
cdef int COMMA_OR_END


@cython.final
cdef class StructureReader:
    cdef bytearray _structure
    cdef Py_ssize_t _written
    cdef bint _utf8
    cdef readonly Py_ssize_t count
    cdef long long[::1] _counts
    cdef long long[::1] _starts
    cdef long long[::1] _ends
    cdef long long[::1] _behind
    cdef long long[::1] _first
    cdef long long[::1] _last
    cdef long long[::1] _values_before
    cdef readonly Py_ssize_t values
    cdef readonly bint all_values
    cdef readonly long long[::1] value_starts
    cdef readonly long long[::1] value_ends
    cdef readonly long long[::1] value_places

    cpdef str structure(self, bytes text, bint utf8)
    @cython.locals(number=cython.Py_ssize_t)
    cpdef tuple elements(self)
    @cython.locals(number=cython.Py_ssize_t)
    cpdef add_elements(self, long long[::1] counts)
    @cython.locals(
        structure=bytearray,
        position=cython.Py_ssize_t,
        start=cython.Py_ssize_t,
        begin=cython.Py_ssize_t,
        depth=cython.int,
        objects=cython.ulonglong,
        expected=cython.int,
        empty=cython.int,
        names=cython.bint,
        siblings=cython.Py_ssize_t,
        byte=cython.uchar,
    )
    cdef bint _value(self, bytes text, Py_ssize_t end) except -1
    @cython.locals(number=cython.Py_ssize_t)
    cdef _note_value(self, Py_ssize_t start, Py_ssize_t end, Py_ssize_t place)
    @cython.locals(number=cython.Py_ssize_t)
    cdef bint _begin_element(self, Py_ssize_t depth) except -1
    @cython.locals(
        structure=bytearray,
        last=cython.Py_ssize_t,
        start=cython.Py_ssize_t,
        length=cython.Py_ssize_t,
        earlier=cython.Py_ssize_t,
        begin=cython.Py_ssize_t,
        place=cython.Py_ssize_t,
        number=cython.Py_ssize_t,
        siblings=cython.Py_ssize_t,
    )
    cdef Py_ssize_t _end_element(self, Py_ssize_t depth) except -2
    @cython.locals(
        structure=bytearray, written=cython.Py_ssize_t, kept=cython.Py_ssize_t, utf8=cython.bint, byte=cython.uchar
    )
    cdef Py_ssize_t _string(self, bytes text, Py_ssize_t position, Py_ssize_t end, Py_ssize_t most) except -2
    @cython.locals(
        structure=bytearray,
        first=cython.Py_ssize_t,
        end=cython.Py_ssize_t,
        position=cython.Py_ssize_t,
        fit=cython.bint,
        byte=cython.uchar,
    )
    cdef _keep_name(self, Py_ssize_t start)
    @cython.locals(
        structure=bytearray,
        key=bytes,
        length=cython.Py_ssize_t,
        position=cython.Py_ssize_t,
        place=cython.Py_ssize_t,
        first=cython.uchar,
    )
    cdef bint _is_naming_key(self, Py_ssize_t start) except -1
    @cython.locals(
        structure=bytearray, start=cython.Py_ssize_t, digits=cython.Py_ssize_t, written=cython.Py_ssize_t, integer=cython.bint
    )
    cdef Py_ssize_t _number(self, bytes text, Py_ssize_t position, Py_ssize_t end) except -2
    @cython.locals(structure=bytearray, literal=bytes, written=cython.Py_ssize_t, first=cython.uchar, byte=cython.uchar)
    cdef Py_ssize_t _literal(self, bytes text, Py_ssize_t position, Py_ssize_t end) except -2
