"""How ratios are measured, and the server of canned answers that they are measured against."""
