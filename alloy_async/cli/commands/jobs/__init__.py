"""The commands on jobs that exist: go on with one, report one, and look over a folder of them."""
