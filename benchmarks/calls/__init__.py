"""What a call costs, alone and many at once, beside bare aiohttp and the clients that people know."""
