"""The users of a Tenable.ad installation, formerly Alsid, emulated."""
