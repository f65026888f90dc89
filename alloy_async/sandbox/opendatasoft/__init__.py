"""The users of an Opendatasoft portal (Automation API 1.0), emulated."""
