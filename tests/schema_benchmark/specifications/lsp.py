"""The Language Server Protocol 3.17: an editor and a language server, as JSON-RPC 2.0.

In: the Python classes of lsprotocol, which are generated from the protocol's meta model. Out: kinds of message.
"""

from __future__ import annotations

from tests.schema_benchmark.specifications.annotations import Annotations
from tests.schema_benchmark.specifications.leaves import Leaves
from tests.schema_benchmark.specifications.nodes import Constant, Field, FreeRecord, Node, Nullable, Number, Record
from tests.schema_benchmark.specifications.packages import Package

PACKAGE = Package("pypi", "lsprotocol", "2025.0.0", "MIT")
TYPES = "lsprotocol/types.py"
NOTIFICATIONS = {
    "textDocument/didOpen": "DidOpenTextDocumentParams",
    "textDocument/didChange": "DidChangeTextDocumentParams",
    "textDocument/publishDiagnostics": "PublishDiagnosticsParams",
    "window/logMessage": "LogMessageParams",
    "workspace/didChangeWatchedFiles": "DidChangeWatchedFilesParams",
}
REQUESTS = {
    "textDocument/completion": "CompletionParams",
    "textDocument/hover": "HoverParams",
    "textDocument/codeAction": "CodeActionParams",
    "textDocument/rename": "RenameParams",
}
RESULTS = {
    "completion": "CompletionList",
    "hover": "Hover",
    "documentSymbol": "DocumentSymbolResult",
    "rename": "WorkspaceEdit",
    "semanticTokens": "SemanticTokens",
}


def kinds() -> dict[str, Node]:
    """By name, what may be sent."""
    leaves = Leaves("lsp", shown={"children": 0.5, "changes": 0.7, "workDoneToken": 0.2, "partialResultToken": 0})
    types = Annotations(leaves, PACKAGE.text, _camel_case, most_alternatives=2)
    version = Field(Constant("2.0"))
    asked, answered = (
        Field(Number(number)) for number in (lambda world: world.asked("lsp"), lambda world: world.answered("lsp"))
    )
    found: dict[str, Node] = {}
    for method, name in NOTIFICATIONS.items():
        tag = Field(Constant(method, tag=True))
        found[method] = Record({"jsonrpc": version, "method": tag, "params": Field(types.named(TYPES, name))})
    for method, name in REQUESTS.items():
        tag = Field(Constant(method, tag=True))
        parameters = Field(types.named(TYPES, name))
        found[f"{method} asked"] = Record({"jsonrpc": version, "id": asked, "method": tag, "params": parameters})
    for short, name in RESULTS.items():
        result = types.named(TYPES, name).node
        result = result.node if isinstance(result, Nullable) else result
        found[f"{short} answered"] = Record({"jsonrpc": version, "id": answered, "result": Field(result)})
    found["nothing answered"] = Record({"jsonrpc": version, "id": answered, "result": Field(Constant(None))})
    code = Field(leaves.enumeration("code", [-32801, -32601, -32603]))
    error = Record({"code": code, "message": Field(leaves.string("error", "message")), "data": Field(FreeRecord(), 0.2)})
    found["failed"] = Record({"jsonrpc": version, "id": answered, "error": Field(error)})
    return found


def _camel_case(name: str) -> str:
    """As it is on the wire: `from_` is `from`, `text_document` is `textDocument`."""
    first, *others = name.strip("_").split("_")
    return first + "".join(other.title() for other in others)
