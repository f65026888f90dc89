"""What a job keeps on disk only while it is worked on, as it is too large for memory; it ends with the process."""
