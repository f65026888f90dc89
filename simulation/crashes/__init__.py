"""Jobs that are killed, cut off or stopped at every boundary, and the check of what they claim afterwards."""
