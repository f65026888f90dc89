"""The users API of Agilicus, emulated."""
