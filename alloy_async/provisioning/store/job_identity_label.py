"""The label by which a file of rows that did not go in knows its job, wherever either of them is moved."""

from __future__ import annotations

from hashlib import blake2b

from ..errors import JobPlace
from .header import JobHeader
from .store_opener import get_path_for_files

_SEPARATOR = " "


def create_job_label(header: JobHeader, place: JobPlace) -> str:
    """Create the label of a job: its id, and its name for people.

    The id is made of the key of its hashes, which no other job has, and from which nobody can get back to that.
    """
    digest = blake2b(header.salt, person=b"job label", digest_size=6)
    return f"{digest.hexdigest()}{_SEPARATOR}{get_path_for_files(place).name}"


def is_of_same_job(one: str, other: str) -> bool:
    """Tell whether two labels are of one job, which may have been renamed in between."""
    return one.partition(_SEPARATOR)[0] == other.partition(_SEPARATOR)[0]


def read_job_name(label: str) -> str:
    """Read the name of the job from a label."""
    return label.partition(_SEPARATOR)[2] or label
