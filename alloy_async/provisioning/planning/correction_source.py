"""The rows of a job that did not go in, as somebody corrected them: those, all of that job, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from ...directory.record import fold
from ..errors import ForeignRowsError, JobPlace, SourceError
from ..sources import EXTRA_COLUMNS, Finding, Row, Source
from ..store.header import JobHeader
from ..store.job_identity_label import create_job_label, is_of_same_job, read_job_name
from ..store.temporary.indexes import CorrectableRows

LINE, JOB = EXTRA_COLUMNS[0], EXTRA_COLUMNS[-1]


class CorrectionSource:
    """A source that is the file of the rows which did not go in, corrected.

    A file of another job is refused as a whole: its people would get into an account that is not theirs. A row that is not one
    of those, or has the key of a row that went in, as one that was refused for that and is fed back as it was, is an error.

    Args:
        file: with the columns that such a file has besides those of the job's source.
        job: where the job is, for people.
        header: what it is.
        refused: what the job says of its rows.
        key: the field by which the system tells users apart.
    """

    allow_empty = False

    def __init__(
        self, file: Source, job: JobPlace, header: JobHeader, refused: CorrectableRows, key: str
    ) -> None:
        self.name: str = file.name
        self.holds_secrets: bool = getattr(file, "holds_secrets", True)
        self._file = file
        self._job = job
        self._label = create_job_label(header, job)
        self._job_source = header.source
        self._refused = refused
        self._key = key

    def digest(self) -> str:
        """Return a hash of the content; see `Source.digest`.

        Raises:
            SourceError: it can be read only once.
        """
        digest = self._file.digest()
        if digest is None:
            raise SourceError("corrected rows are read twice; give a file, not a pipe", self.name)
        return digest

    def rows(self) -> Iterator[Row]:
        """Yield the rows, with what is wrong with them as corrections.

        Raises:
            SourceError: they are not of this job.
        """
        self._refused.forget_corrections()
        for row in self._file.rows():
            values = dict(zip(row.columns.header, row.cells, strict=False))
            self._refuse_other_job(row, values.get(JOB), is_known=JOB in row.columns.header)
            column, message = self._find_correction_fault(row, _parse_line_number(values.get(LINE)))
            if message:
                row.findings = (*row.findings, Finding(row.line, column, "error", message))
            yield row

    def _refuse_other_job(self, row: Row, label: object, *, is_known: bool) -> None:
        if not row.columns.header:
            return  # nothing of it could be read: it is an error already, and belongs to nobody
        own = read_job_name(self._label)
        if not is_known:
            raise ForeignRowsError(
                f"is not a file of rows that did not go in: it has no column {JOB!r}, which says of which job they are."
                f" Correct the rows in the file that was written for {own}, and feed that back. Nothing was sent",
                self.name,
                self._job,
            )
        if row.record is None and label in (None, ""):
            return
        text = str(label or "").strip()
        if not is_of_same_job(text, self._label):
            raise ForeignRowsError(
                f"{JOB} says that this row is of {read_job_name(text) or 'no job'}, not of {own}; feed back rows to the job"
                " that they are of, each file to its own. Nothing was sent",
                self.name,
                self._job,
                text,
                row.line,
            )

    def _find_correction_fault(self, row: Row, line: int | None) -> tuple[str | None, str]:
        """Find what is wrong with a row as a correction: the column, and a message; an empty one where all is well."""
        if row.record is None:
            return None, ""
        if line is None or not self._refused.is_correctable(line):
            which = "names no line" if line is None else f"line {line} is not one"
            return LINE, (
                f"{which} of {self._job_source} that did not go in; leave this row out, and bring further people in with a job"
                " of their own"
            )
        if (earlier := self._refused.note_correction(line, row.line)) is not None:
            return (
                LINE,
                f"line {line} of {self._job_source} stands on line {earlier} already; leave one of the two out",
            )
        key = getattr(row.record, self._key) or ""
        other = self._refused.find_line_of_taken_key(fold(key)) if key else None
        if other is not None and other != line:
            return row.columns.get_column_of_field(self._key), (
                f"{key!r} is on line {other} of {self._job_source} already, which went in; correct it, or leave the row out"
            )
        return None, ""


def _parse_line_number(cell: object) -> int | None:
    """Read a line number as people's programs write it back: 7, "7", 7.0."""
    try:
        number = float(str(cell).strip())
    except ValueError:
        return None
    return int(number) if number.is_integer() and abs(number) < 1 << 53 else None
