"""Send what is planned: row by row, or a batch as columns; each with its intent before and its outcome after."""
