"""One attempt on the wire through aiohttp: its connections, its timeouts, and all that is used of aiohttp's internals."""
