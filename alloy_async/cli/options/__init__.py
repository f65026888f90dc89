"""Options that several commands share: the source that is read, and the system that is spoken to."""
