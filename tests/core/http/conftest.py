"""The fixture that runs a test over each way of sending."""

from .ways import ways as ways
