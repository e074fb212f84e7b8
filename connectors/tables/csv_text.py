"""A CSV file as texts: the names in its header, and its cells."""

import csv
import io

import numpy as np
import polars as pl

from tidegauge.errors import UserMistake

_QUOTE, _COMMA, _LF, _CR = b'",\n\r'


class CsvText:
    """The records of a CSV file, split as RFC 4180 says; it raises for what is no such file.

    Lines end in LF, CR LF or, all of them, in CR. Empty lines before the header are passed over.

    Args:
        where: place for messages.
        content: of the file, without a byte order mark.

    Attributes:
        names: of the columns, as the header has them.

    Raises:
        UserMistake: it is empty, a quoted cell does not end, or the header cannot be read.
    """

    def __init__(self, where: str, content: bytes) -> None:
        if b"\n" not in content:
            content = content.replace(b"\r", b"\n")
        self._where = where
        self._body = content.lstrip(b"\r\n")
        self._first_line = 1 + content.count(b"\n", 0, len(content) - len(self._body))
        if not self._body:
            raise UserMistake(f"{where}: it is empty; a CSV begins with a header")
        self._bytes = np.frombuffer(self._body, np.uint8)
        quoted = np.logical_xor.accumulate(self._bytes == _QUOTE)
        if quoted[-1]:
            self._check_text()
            line = self._line(int(np.flatnonzero(self._bytes == _QUOTE)[-1]))
            raise UserMistake(f"{where}: line {line}: a quoted cell begins here and does not end")
        ends = np.flatnonzero((self._bytes == _LF) & ~quoted)
        self._bounds = np.concatenate([[-1], ends, [self._bytes.size]])
        """Each record is between two of them."""
        commas = np.flatnonzero((self._bytes == _COMMA) & ~quoted)
        self._cells = 1 + np.diff(np.searchsorted(commas, self._bounds))
        self.names = self._header()

    def texts(self) -> pl.DataFrame:
        """The cells below the header, under names without a meaning; null where one is empty.

        Raises:
            UserMistake: a row has more or fewer cells than the header, or is no CSV.
        """
        self._check_cells()
        try:
            texts = pl.read_csv(io.BytesIO(self._body), infer_schema=False)
        except pl.exceptions.PolarsError:
            self._check_text()
            raise
        if texts.width != len(self.names):
            self._check_text()
            raise UserMistake(
                f"{self._where}: it has {texts.width} columns, its header {len(self.names)}"
            )
        return texts

    def _header(self) -> list[str]:
        try:
            record = self._record(0).decode()
            return next(csv.reader(io.StringIO(record, newline="")))
        except UnicodeDecodeError:
            self._check_encoding()
            raise
        except csv.Error as error:
            line = self._first_line
            raise UserMistake(f"{self._where}: line {line}: no header: {error}") from None

    def _check_cells(self) -> None:
        for row in np.flatnonzero(self._cells != self._cells[0]).tolist():
            if self._record(row).strip():
                start, end = int(self._bounds[row]) + 1, int(self._bounds[row + 1])
                self._check_text(end)
                found, wanted = int(self._cells[row]), int(self._cells[0])
                raise UserMistake(
                    f"{self._where}: line {self._line(start)}: {_cells(found)}, the header has"
                    f" {wanted}"
                    + ("; a cell with a comma in it needs quotes" if found > wanted else "")
                )

    def _check_text(self, end: int | None = None) -> None:
        """Refuse what is no UTF-8, and a quotation mark that neither bounds a cell nor is doubled.

        Not asked of a file that can be read all the same.
        """
        self._check_encoding()
        marks = self._bytes[:end]
        quotes = np.flatnonzero(marks == _QUOTE)
        opening, closing = quotes[::2], quotes[1::2]
        before = marks[np.maximum(opening - 1, 0)]
        after = marks[np.minimum(closing + 1, marks.size - 1)]
        stray = np.concatenate(
            [
                opening[(opening > 0) & ~np.isin(before, (_COMMA, _LF, _QUOTE))],
                closing[(closing + 1 < marks.size) & ~np.isin(after, (_COMMA, _LF, _CR, _QUOTE))],
            ]
        )
        if stray.size:
            raise UserMistake(
                f"{self._where}: line {self._line(int(stray.min()))}: a quotation mark within a"
                " cell; put the whole cell in quotes, and the mark twice"
            )

    def _check_encoding(self) -> None:
        try:
            self._body.decode()
        except UnicodeDecodeError as error:
            line = self._line(error.start)
            raise UserMistake(f"{self._where}: line {line}: it is not UTF-8") from None

    def _record(self, row: int) -> bytes:
        return self._body[int(self._bounds[row]) + 1 : int(self._bounds[row + 1])].rstrip(b"\r")

    def _line(self, position: int) -> int:
        return self._first_line + self._body.count(b"\n", 0, position)


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"
