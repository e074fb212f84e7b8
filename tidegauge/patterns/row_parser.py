"""Reading row patterns: from their text to steps and groups."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tidegauge.durations import bounded_duration_ns
from tidegauge.patterns.checks import PatternError, check_quantifier
from tidegauge.patterns.condition import ALWAYS, Condition, Sql
from tidegauge.patterns.pattern import (
    ONCE,
    Absence,
    Contiguity,
    Group,
    Item,
    Quantifier,
    Sequence,
    Step,
)
from tidegauge.patterns.row_tokens import Token, tokens
from tidegauge.texts import LINE_WIDTH, cut

_ARROWS = {"->": Contiguity.RELAXED, "->>": Contiguity.ANY}
_MAX_DEPTH = 20
_MOST_DIGITS = 6
"""Digits of a quantifier's number."""


class RowParser:
    """Recursive descent: sequence, item, quantifier, options.

    Args:
        text: the row pattern.
        define: SQL conditions of its steps.

    Attributes:
        used: names of conditions that the text has.
        hidden: steps that are not shown with a match.
    """

    def __init__(self, text: str, define: Mapping[str, str]) -> None:
        self._text = cut(text, LINE_WIDTH)
        self._define = define
        self._tokens = [*tokens(text), Token("end", "")]
        self._at = 0
        self._depth = 0
        self._hiding = False
        self.used: set[str] = set()
        self.hidden: set[str] = set()

    def parse(self) -> Sequence:
        """The whole text.

        Raises:
            PatternError: it cannot be read.
        """
        branches = self._branches()
        if self._token.kind != "end":
            raise self._expected("the end of the pattern")
        if len(branches) == 1:
            return branches[0]
        return (Group(branches),)

    @property
    def _token(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self._token
        self._at += 1
        return token

    def _found(self, *signs: str) -> str | None:
        """The sign, when one of these comes next."""
        token = self._token
        if token.text in signs and token.kind in ("sign", "name"):
            self._at += 1
            return token.text
        return None

    def _expect(self, sign: str) -> None:
        if self._found(sign) is None:
            raise self._expected(repr(sign))

    def _expected(self, what: str) -> PatternError:
        token = self._token
        place = f"at {token.text!r}" if token.text else "at its end"
        return PatternError(f"{self._text!r}, {place}: expected {what}")

    def _branches(self) -> tuple[Sequence, ...]:
        branches = [self._sequence()]
        while self._found("|"):
            branches.append(self._sequence())
        return tuple(branches)

    def _sequence(self, *, begins: bool = True) -> Sequence:
        items: list[Item] = []
        while True:
            if self._found("{-"):
                items += self._hide(begins=begins and not items)
            elif self._token.text in ("|", ")", "-}") or self._token.kind == "end":
                break
            else:
                items.append(self._item(begins=begins and not items))
        if not items:
            raise self._expected("a step")
        return tuple(items)

    def _hide(self, *, begins: bool) -> Sequence:
        """Steps in {- -} are taken, but not shown."""
        if self._hiding:
            raise PatternError(f"{self._text!r}: {{- -}} within {{- -}}")
        self._hiding = True
        hidden = self._sequence(begins=begins)
        self._expect("-}")
        self._hiding = False
        return hidden

    def _item(self, *, begins: bool) -> Item:
        arrow = self._found("->", "->>")
        if begins and arrow:
            raise PatternError(f"{self._text!r}: a pattern or group cannot begin with an arrow")
        # Without an arrow the next event is meant; at the beginning it does not matter.
        contiguity = _ARROWS[arrow] if arrow else Contiguity.STRICT
        if begins:
            contiguity = Contiguity.RELAXED
        if self._found("!"):
            return self._absence(contiguity)
        if self._found("("):
            return self._group(contiguity)
        if self._token.text in ("^", "$"):
            raise PatternError(f"{self._text!r}: {self._token.text} has no meaning in a stream")
        name = self._name("a step, '(' or '!'")
        if self._hiding:
            self.hidden.add(name)
        step = Step(name, self._condition(name), contiguity, self._quantifier())
        return self._with_options(step)

    def _absence(self, contiguity: Contiguity) -> Absence:
        if contiguity is Contiguity.ANY:
            raise PatternError(f"{self._text!r}: write -> before '!', or nothing")
        name = self._name("the name of what must not come")
        if self._token.text in ("?", "*", "+", "{"):
            raise PatternError(f"{self._text!r}: !{name}: a negative step has no quantifier")
        absence = Absence(name, self._condition(name), contiguity)
        for option, value in self._options():
            if option != "within":
                raise PatternError(f"{self._text!r}: !{name}: only within is allowed in [ ]")
            absence = replace(absence, within_ns=value)
        return absence

    def _group(self, contiguity: Contiguity) -> Item:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise PatternError(f"{self._text!r}: more than {_MAX_DEPTH} brackets in each other")
        branches = self._branches()
        self._expect(")")
        self._depth -= 1
        quantifier = self._quantifier()
        only = branches[0][0] if len(branches) == 1 and len(branches[0]) == 1 else None
        if isinstance(only, Step) and quantifier.single and not only.quantifier.optional:
            # (b{2,4})? is b two to four times, or not at all.
            inner = replace(only.quantifier, optional=quantifier.optional)
            return self._with_options(replace(only, contiguity=contiguity, quantifier=inner))
        return self._with_options(Group(branches, contiguity, quantifier))

    def _name(self, what: str) -> str:
        token = self._token
        if token.kind == "name":
            return self._next().text
        if token.kind == "quoted":
            return self._next().text[1:-1]
        raise self._expected(what)

    def _condition(self, name: str) -> Condition:
        self.used.add(name)
        return Sql(self._define[name]) if name in self._define else ALWAYS

    def _quantifier(self) -> Quantifier:
        sign = self._found("?", "*", "+", "{")
        if sign is None:
            return ONCE
        if sign == "?":
            return Quantifier(optional=True)
        least, most = self._numbers() if sign == "{" else (int(sign == "+"), None)
        if self._token.text in ("?", "+", "*"):
            raise PatternError(
                f"{self._text!r}: after a quantifier comes no {self._token.text!r}: every match is "
                "found, AFTER MATCH chooses; put brackets around what is optional"
            )
        strict = Quantifier(max(least, 1), most, Contiguity.STRICT, optional=least == 0)
        check_quantifier(self._text, strict)
        return strict

    def _numbers(self) -> tuple[int, int | None]:
        least = self._count() or 0
        if self._found("}"):
            return least, least
        self._expect(",")
        most = self._count()
        self._expect("}")
        return least, most

    def _count(self) -> int | None:
        if self._token.kind != "number":
            return None
        text = self._next().text
        if len(text) > _MOST_DIGITS:
            raise PatternError(f"{self._text!r}: {cut(text)} is too many; allowed: at most 999999")
        return int(text)

    def _with_options(self, item: Step | Group) -> Item:
        for option, value in self._options():
            quantifier = item.quantifier
            if option in _ARROWS or option == "greedy":
                if quantifier.single:
                    raise PatternError(f"{self._text!r}: [{option}] needs a quantifier before it")
                inner = _ARROWS.get(option, quantifier.inner)
                greedy = quantifier.greedy or option == "greedy"
                item = replace(item, quantifier=replace(quantifier, inner=inner, greedy=greedy))
            elif option == "until":
                item = replace(item, until=self._stop(value))
            elif isinstance(item, Step):
                item = replace(item, within_ns=value)
            else:
                raise PatternError(f"{self._text!r}: [within …] belongs to a step, not a group")
        return item

    def _stop(self, name: str) -> Condition:
        if name not in self._define:
            raise PatternError(f"until {name}: define has no condition of that name")
        return self._condition(name)

    def _options(self) -> Iterator[tuple[str, Any]]:
        """What stands in [ ]."""
        if not self._found("["):
            return
        while True:
            option = self._found("->", "->>", "greedy", "until", "within")
            if option == "until":
                yield option, self._name("the name of a condition")
            elif option == "within":
                yield option, self._duration()
            elif option is not None:
                yield option, None
            else:
                raise self._expected("->, ->>, greedy, until or within")
            if self._found("]"):
                return
            self._expect(",")

    def _duration(self) -> int:
        token = self._next()
        try:
            return bounded_duration_ns(token.text)
        except ValueError as error:
            raise PatternError(f"{self._text!r}: within {cut(token.text)}: {error}") from None
