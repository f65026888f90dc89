"""What a job did, for people: figures, charts, one HTML page, and the rows that did not go in."""
