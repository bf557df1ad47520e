"""How the parts of a query that didn't fit into one response continue in the next request."""

from collections.abc import Collection, Sequence

from .api_request import ApiError, ApiRequest, ApiResult


class Continuation:
    """The unfinished part of a query, as MediaWiki's parameter ``continue`` describes it.

    The parameter has two parts, with ``||`` between them. The first part names the parameters of the unfinished
    generator, or is ``-`` if the generator and the modules that describe pages are finished. The second part names the
    finished modules. The modules that describe pages run again for each batch of a generator.
    """

    def __init__(self, request: ApiRequest, modules: Sequence[str], page_modules: Collection[str]) -> None:
        generator, bars, finished = (request.get("continue") or "||").partition("||")
        if not bars or "||" in finished:
            raise bad_continue()
        self._request = request
        self._modules = modules
        self._page_modules = set(page_modules)
        self.pages_are_done = generator == "-"
        self._generator_parameters = [] if self.pages_are_done else list(filter(None, generator.split("|")))
        self._done = {*finished.split("|"), *(page_modules if self.pages_are_done else ())}
        self._next: dict[str, ApiResult] = {}
        self._next_of_generator: dict[str, ApiResult] = {}

    def runs(self, module: str) -> bool:
        """Return whether a module has to run for this request."""
        return module in self._modules and module not in self._done

    def add(self, module: str, parameter: str, value: str, *, is_generator: bool = False) -> None:
        """Note the parameter with which a module or a generator continues."""
        (self._next_of_generator if is_generator else self._next)[module] = {parameter: value}

    def result(self) -> ApiResult:
        """Return the members of the response that say how to continue."""
        finished = [name for name in self._modules if name not in self._next]
        values = {name: value for parameters in self._next.values() for name, value in parameters.items()}
        is_complete, generator = True, "-"
        if self._page_modules & self._next.keys():
            # The pages are not finished, so the generator has to generate the same batch again.
            again = {name: self._request.get(name) or "" for name in self._generator_parameters}
            values.update(again)
            is_complete, generator = False, "|".join(again)
        elif self._next_of_generator:
            (parameters,) = self._next_of_generator.values()
            values.update(parameters)
            finished = [name for name in finished if name not in self._page_modules]
            generator = "|".join(parameters)
        result: ApiResult = {"batchcomplete": True} if is_complete else {}
        if values:
            result["continue"] = {**values, "continue": f"{generator}||{'|'.join(finished)}"}
        return result


def bad_continue() -> ApiError:
    """Return the error for parameters that no earlier response contained."""
    return ApiError(
        "badcontinue", "Invalid continue param. You should pass the original value returned by the previous query."
    )
