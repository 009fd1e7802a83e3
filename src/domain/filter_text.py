"""Filters as people write them: `status:dead queue:email -tag:test error~"reset"`; from text to tree and back.

    filter = some
    some   = all *("OR" all)
    all    = 1*(["AND"] one)
    one    = ["-" / "NOT"] ("(" some ")" / term)
    term   = field ":" value *("," value) / field "~" text *("," text)

Reading takes time in proportion to the text, whatever is in it: nothing is tried twice.
"""

from difflib import get_close_matches
from typing import Final

import attrs

from .errors import DomainError
from .filter_criteria import Test
from .filter_fields import FIELDS, PAYLOAD, Field
from .filter_values import PLAIN, Word, Wrong, path_text, read_test, step_problem, test_text
from .filters import All, Condition, Not, Some, Term, all_of, none_of, some_of

MAX_CHARS: Final = 1_000
MAX_DEPTH: Final = 8
MAX_TESTS: Final = 100
_SHOWN: Final = 40
_BREAKS: Final = frozenset('(),"')


class BadFilter(DomainError):
    """The filter cannot be read: `position` says where, counted from 0, and `nearest` what may have been meant."""

    code = "bad-filter"

    def __init__(self, detail: str, position: int, reason: str = "syntax", nearest: str | None = None) -> None:
        meant = "" if nearest is None else f"; did you mean '{nearest}'?"
        super().__init__(f"at character {position + 1}: {detail}{meant}")
        self.detail = f"{detail}{meant}"
        self.position = position
        self.reason = reason
        self.nearest = nearest


def read(text: str, *, chars: int = MAX_CHARS) -> Condition | None:
    """Return the tree that `text` means, `None` for nothing but space; raise `BadFilter` where it means nothing."""
    if len(text) > chars:
        raise BadFilter(f"a filter has at most {chars:,} characters", chars, "too-long")
    _refuse_unstorable(text)
    return _Reader(text).whole()


def read_term(name: str, values: tuple[str, ...]) -> Term:
    """Return the term of a field and some values, each written as behind the field's colon, with no need to quote.

    A `BadFilter` counts its position within the value.
    """
    tests: list[Test] = []
    for value in values[: MAX_TESTS + 1]:
        _refuse_unstorable(value)
        tests.append(_Reader(value[: MAX_CHARS + 1], tests=len(tests)).alone(FIELDS[name]))
    return _term(FIELDS[name], tests)


def write(condition: Condition | None) -> str:
    """Return the one text for a tree, from which `read` makes the same tree again."""
    match condition:
        case None:
            return ""
        case Term(field, tests):
            sign = "~" if condition.deep else ":"
            return f"{field.name}{path_text(field.path)}{sign}{','.join(test_text(field, test) for test in tests)}"
        case Not(part):
            return f"-{_closed(part)}"
        case All(parts):
            return " ".join(_closed(part) if isinstance(part, All | Some) else write(part) for part in parts)
        case Some(parts):
            return " OR ".join(_closed(part) if isinstance(part, Some) else write(part) for part in parts)


def _refuse_unstorable(text: str) -> None:
    for place, char in enumerate(text):
        if char == "\0" or "\ud800" <= char <= "\udfff":
            raise BadFilter("this character can be in no text", place)


def _closed(part: Condition) -> str:
    return f"({write(part)})" if isinstance(part, All | Some) else write(part)


def _term(field: Field, tests: list[Test]) -> Term:
    """Return a term with its tests in one order, each once, so that what means the same is the same."""
    by_text = {test_text(field, test): test for test in tests}
    return Term(field, tuple(by_text[text] for text in sorted(by_text)))


@attrs.define
class _Reader:
    """A text, and how far it has been read."""

    text: str
    place: int = 0
    depth: int = 0
    tests: int = 0

    def whole(self) -> Condition | None:
        self._space()
        if self._ended():
            return None
        tree = self._some()
        if not self._ended():
            raise self._wrong("there is no '(' that this closes")
        return tree

    def alone(self, field: Field) -> Test:
        """Return the test that the whole text is."""
        if len(self.text) > MAX_CHARS:
            raise BadFilter(f"a value has at most {MAX_CHARS:,} characters", MAX_CHARS, "too-long")
        sign, start = self._sign(), self.place
        bare = bool(self._bare()) and self._ended()
        return self._read(field, Word(self.text[start:], sign, start, quoted=not bare))

    def _some(self) -> Condition:
        parts = [self._all()]
        while self._keyword("OR"):
            parts.append(self._all())
        return some_of(*parts)

    def _all(self) -> Condition:
        parts: list[Condition] = []
        while True:
            self._space()
            if self._ended() or self._peek() == ")" or self._at_keyword("OR"):
                break
            if parts and self._keyword("AND"):
                self._space()
            parts.append(self._one())
        found = all_of(*parts)
        if found is None:
            raise self._wrong("a condition such as status:dead is missing")
        return found

    def _one(self) -> Condition:
        if self._keyword("NOT"):
            self._space()
            return none_of(self._closed_or_term())
        if self._take("-"):
            return none_of(self._closed_or_term())
        return self._closed_or_term()

    def _closed_or_term(self) -> Condition:
        start = self.place
        if not self._take("("):
            return self._a_term()
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise BadFilter(f"a filter is nested at most {MAX_DEPTH} deep", start, "too-deep")
        inner = self._some()
        if not self._take(")"):
            raise BadFilter("this '(' is not closed", start)
        self.depth -= 1
        return inner

    def _a_term(self) -> Term:
        start = self.place
        name = self._name()
        field = self._field(name, start)
        sign = self._peek()
        if sign not in (":", "~"):
            raise self._wrong(f"'{name[:_SHOWN]}' is followed by ':' and a value, or by '~' and a text")
        self.place += 1
        return _term(field, self._values(field, deep=sign == "~"))

    def _name(self) -> str:
        start = self.place
        while not self._ended() and (self._peek().isalnum() or self._peek() == "_"):
            self.place += 1
        if self.place == start:
            raise self._wrong("a field such as status: is expected here")
        return self.text[start : self.place]

    def _field(self, name: str, start: int) -> Field:
        if name == PAYLOAD.name:
            return attrs.evolve(PAYLOAD, path=self._path())
        if name not in FIELDS:
            if self._ended() or self._peek() not in (":", "~", "."):
                what = f"'{name[:_SHOWN]}' stands alone; write field:value, such as task:{name[:_SHOWN].lower()}*"
                raise BadFilter(what, start, "no-field")
            nearest = get_close_matches(name[:_SHOWN].lower(), FIELDS, 1, 0.5)
            raise BadFilter(
                f"there is no field '{name[:_SHOWN]}'", start, "unknown-field", nearest[0] if nearest else None
            )
        return FIELDS[name]

    def _path(self) -> tuple[str, ...]:
        steps: list[str] = []
        while self._take("."):
            start = self.place
            if self._peek() == '"':
                step = self._quoted()
            else:
                while not self._ended() and (self._peek() in PLAIN):
                    self.place += 1
                step = self.text[start : self.place]
                if not step:
                    raise BadFilter("the name of a member is missing", start)
            if problem := step_problem(step):
                raise BadFilter(problem, start)
            steps.append(step)
        if not steps:
            raise self._wrong("say which member of the payload: payload.user.id:42")
        return tuple(steps)

    def _values(self, field: Field, *, deep: bool) -> list[Test]:
        found = [self._value(field, deep=deep)]
        while self._take(","):
            found.append(self._value(field, deep=deep))
        return found

    def _value(self, field: Field, *, deep: bool) -> Test:
        sign = "~" if deep else self._sign()
        start = self.place
        quoted = self._peek() == '"'
        text = self._quoted() if quoted else self._bare()
        if not quoted and not text:
            raise BadFilter(f"a value for '{field.name}' is missing", start)
        return self._read(field, Word(text, sign, start, quoted=quoted))

    def _read(self, field: Field, word: Word) -> Test:
        self.tests += 1
        if self.tests > MAX_TESTS:
            raise BadFilter(f"a filter has at most {MAX_TESTS} values", word.start, "too-many")
        try:
            return read_test(field, word)
        except Wrong as wrong:
            raise BadFilter(str(wrong), word.start, "bad-value", wrong.nearest) from None

    def _sign(self) -> str:
        for sign in (">=", "<=", ">", "<"):
            if self.text.startswith(sign, self.place):
                self.place += len(sign)
                return sign
        return ""

    def _bare(self) -> str:
        start = self.place
        while not self._ended() and not self._peek().isspace() and self._peek() not in _BREAKS:
            self.place += 1
        return self.text[start : self.place]

    def _quoted(self) -> str:
        start, parts = self.place, list[str]()
        self.place += 1
        while not self._ended():
            char = self._peek()
            self.place += 1
            if char == '"':
                return "".join(parts)
            if char == "\\":
                if self._ended():
                    break
                char = self._peek()
                self.place += 1
            parts.append(char)
        raise BadFilter("this quote is not closed", start)

    def _keyword(self, word: str) -> bool:
        self._space()
        found = self._at_keyword(word)
        if found:
            self.place += len(word)
        return found

    def _at_keyword(self, word: str) -> bool:
        end = self.place + len(word)
        alone = end >= len(self.text) or self.text[end].isspace() or self.text[end] == "("
        return alone and self.text.startswith(word, self.place)

    def _space(self) -> None:
        while not self._ended() and self._peek().isspace():
            self.place += 1

    def _take(self, sign: str) -> bool:
        found = self._peek() == sign
        self.place += found
        return found

    def _peek(self) -> str:
        return self.text[self.place : self.place + 1]

    def _ended(self) -> bool:
        return self.place >= len(self.text)

    def _wrong(self, detail: str) -> BadFilter:
        return BadFilter(detail, self.place)
