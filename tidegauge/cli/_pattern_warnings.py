"""What `tidegauge check` warns of in the patterns of a file, by line."""

import os
from collections.abc import Iterator
from pathlib import Path

from operators.cep.review import review
from tidegauge.patterns.declared import declared_pattern
from tidegauge.spec.document import read_document
from tidegauge.spec.mistakes import Mistake, dotted
from tidegauge.spec.models import Pipeline


def pattern_warnings(file: Path, pipeline: Pipeline) -> Iterator[Mistake]:
    """What may be wrong with the patterns of a file without mistakes."""
    if not pipeline.patterns:
        return
    document = read_document(file.read_text(encoding="utf-8-sig"), os.environ)
    for name, declared in pipeline.patterns.items():
        where = ("patterns", name)
        for one in review(declared_pattern(name, declared)):
            key = ("match",) if one.step not in declared.define else ("define", str(one.step))
            path = (*where, *key)
            yield Mistake(document.line(path), dotted(path), one.message)
