# C types of sample.py, for its compiled build.
import cython


cpdef long long payload_hash(bytes payload) except -1
