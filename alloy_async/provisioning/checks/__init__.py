"""What is wrong with the rows of a source, told before anything is sent."""
