"""Checks what a request brings against its pydantic model, and says in our words what is wrong and where."""

from collections.abc import Mapping
from typing import Annotated, TypeVar

from multidict import MultiMapping
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from backsight_cloud.web.asking import LATEST_MS
from backsight_cloud.web.problems import Problem

Model = TypeVar("Model", bound=BaseModel)

Moment = Annotated[int, Field(ge=0, le=LATEST_MS, description="UTC milliseconds since 1970")]


class Asked(BaseModel):
    """The base of what a request brings: what we do not know is refused, for it may be a misspelling."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)


class AskedLoosely(Asked):
    """The same for a query, and for bodies that were never strict: what we do not know is ignored."""

    model_config = ConfigDict(extra="ignore")


class Shown(BaseModel):
    """The base of what an answer brings."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def check_query(model: type[Model], given: Mapping[str, str] | MultiMapping[str]) -> Model:
    """Texts of a path or a query as the model; raises Problem 400."""
    values, names = dict(given), [name for name, _ in given.items()]
    for name in values:
        if names.count(name) > 1:
            raise bad_field(name, f"{name} is given more than once")
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _first_of(error) from None


def check_body(model: type[Model], body: bytes) -> Model:
    """A JSON body as the model, without guessing (`"1"` is no number); raises Problem 400."""
    try:
        return model.model_validate_json(body, strict=True)
    except ValidationError as error:
        raise _first_of(error) from None


def bad_field(name: str, detail: str) -> Problem:
    """400 with the member `field`."""
    return Problem(400, "Bad request", detail, extra={"field": name})


def _first_of(error: ValidationError) -> Problem:
    first = error.errors(include_url=False, include_context=True, include_input=False)[0]
    if first["type"] == "json_invalid":
        return Problem(400, "Bad request", "the body is not JSON")
    name = ".".join(str(part) for part in first["loc"])
    if not name:
        return Problem(400, "Bad request", f"the body {_IN_WORDS.get(first['type'], _as_said(first))}")
    return bad_field(name, f"{name} {_IN_WORDS.get(first['type'], _as_said(first))}")


_IN_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not known here: leave it out, or look for a misspelling",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "must be a smaller number",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "model_type": "must be an object",
    "dict_type": "must be an object",
}


def _as_said(error: ErrorDetails) -> str:
    """Pydantic's or our validator's sentence, without its beginning: `must be ...`."""
    said = error["msg"].removeprefix("Value error, ")
    for beginning in ("Input should be ", "String should have ", "List should have "):
        if said.startswith(beginning):
            verb = "must be " if beginning.startswith("Input") else "must have "
            return verb + said.removeprefix(beginning)
    return f"is wrong: {said}" if not said.startswith("must ") else said
