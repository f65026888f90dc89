"""What the tests of your own code import: a sandbox as a pytest fixture for each system."""
