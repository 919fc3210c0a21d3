# C types of excerpt.py, for its compiled build.
import cython


@cython.locals(content="const char *")
cpdef bytes excerpt(bytes buffer, Py_ssize_t start, Py_ssize_t end)
@cython.locals(content="const unsigned char *", seen=cython.uchar, index=cython.Py_ssize_t)
cpdef bint is_ascii(bytes buffer, Py_ssize_t start, Py_ssize_t end) except -1
@cython.locals(content="const unsigned char *", byte=cython.uchar, index=cython.Py_ssize_t)
cpdef Py_ssize_t plain_end(bytes text, Py_ssize_t start, Py_ssize_t end) except -1
@cython.locals(content="const unsigned char *", index=cython.Py_ssize_t)
cpdef Py_ssize_t digits_end(bytes text, Py_ssize_t start, Py_ssize_t end) except -1
