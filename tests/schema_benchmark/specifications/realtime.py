"""The realtime API of OpenAI: speech and text of a conversation, over a WebSocket.

In: the Python classes of the client library, which are generated from the service's OpenAPI document. Out: kinds of message.
Every event is flat and told by `type`.
"""

from __future__ import annotations

from tests.schema_benchmark.specifications.annotations import Annotations
from tests.schema_benchmark.specifications.leaves import Leaves
from tests.schema_benchmark.specifications.nodes import Constant, Node, Record
from tests.schema_benchmark.specifications.packages import Package

PACKAGE = Package("pypi", "openai", "3.57.0", "Apache-2.0")
FOLDER = "openai/types/realtime"
UNIONS = (("realtime_server_event", "RealtimeServerEvent"), ("realtime_client_event", "RealtimeClientEvent"))
USED = (
    "response.output_audio.delta response.output_audio_transcript.delta response.created "
    "response.done response.output_item.added "
    "conversation.item.added input_audio_buffer.speech_started input_audio_buffer.committed "
    "conversation.item.input_audio_transcription.completed rate_limits.updated session.created error "
    "input_audio_buffer.append conversation.item.create"
).split()


def kinds() -> dict[str, Node]:
    """By name, what may be sent."""
    types = Annotations(Leaves("realtime", shown={"output": 0.9, "event_id": 0.7}), PACKAGE.text, most_alternatives=5)
    found: dict[str, Node] = {}
    for file, union in UNIONS:
        for path, name in types.alternatives(f"{FOLDER}/{file}.py", union):
            record = types.named(path, name).node
            assert isinstance(record, Record)
            tag = record.fields["type"].node
            assert isinstance(tag, Constant)
            if tag.value in USED:
                tag.tag = True
                found[tag.value] = record
    return dict(sorted(found.items()))
