# C types of pipeline.py, for its compiled build.
import cython

from wsobserve.payload.stage cimport Payload
from wsobserve.schema.fold cimport SchemaFold
from wsobserve.stats.series cimport SeriesFold
from wsobserve.stats.volume cimport VolumeFold
from wsobserve.stream_bytes cimport StreamBytes
from wsobserve.tally cimport Tally
from wsobserve.transport.stage cimport Transport
from wsobserve.websocket.stage cimport WebSocket


cdef class Pipeline:
    cdef public object now_ns
    cdef object _findings
    cdef SchemaFold _schemas
    cdef VolumeFold _volumes
    cdef SeriesFold _series
    cdef bint _folds
    cdef bint _survive
    cdef bint _counts_losses
    cdef object _most_messages
    cdef long long _messages_given
    cdef bint _gives_messages
    cdef Tally _tally
    cdef Transport _transport
    cdef WebSocket _websocket
    cdef public Payload _payload  # public for a test, that puts a faulty one in its place
    cdef object _loss
    cdef object _drift
    cdef list _drifted

    cpdef list receive(self, object item)
    cpdef list expire(self, object now_ns)
    cpdef list finish(self)
    cpdef object accounting(self)
    @cython.locals(
        records=list, found=list, websocket=WebSocket, index=cython.Py_ssize_t, count=cython.Py_ssize_t
    )
    cdef list _pass_on(self, list stream_records)
    cdef _after_websocket(self, list found, list records)
    cdef _tell_drift(self, list drifted, list records)
    cdef _rare(self, object record)
    cdef _count_loss(self, object loss)
