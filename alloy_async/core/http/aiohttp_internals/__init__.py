"""All that is used of aiohttp beyond its documentation: what for, a probe that finds it, and what happens without it.

`uses.USES` is the whole list, and `connections` what is made of it. Nothing else in the package touches a name of aiohttp's
that its documentation does not promise, and nobody uses one of these without asking `is_available`. Without them calls still
work, through `ClientSession.request`.
"""
