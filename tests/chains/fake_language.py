"""A language model for tests: it gives its replies in turn and remembers what it was asked."""

from chains.allowance import Allowance
from chains.language import Completion, Json, ModelCall, Structure


class FakeLanguage:
    """Replies as it was told to, the last reply again and again; an exception is raised."""

    price_table_sha256: str | None = None

    def __init__(
        self,
        *replies: str | Completion | Exception,
        name: str = "fake/model",
        structure: Structure = "json_schema",
        takes_functions: bool = True,
    ) -> None:
        self.name = name
        self.structure = structure
        self.takes_functions = takes_functions
        self.calls: list[ModelCall] = []
        self.allowances: list[Allowance] = []
        self._replies = replies or ("{}",)

    def params(self, call: ModelCall) -> Json:
        return {"temperature": 0, "structure": "functions" if call.functions else self.structure}

    async def complete(self, call: ModelCall, allowance: Allowance) -> Completion:
        reply = self._replies[min(len(self.calls), len(self._replies) - 1)]
        self.calls.append(call)
        self.allowances.append(allowance)
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, Completion) else Completion(text=reply)
