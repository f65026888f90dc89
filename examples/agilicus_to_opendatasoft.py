"""The people of an Agilicus organisation get an account on an Opendatasoft portal; each is sent a mail."""

import asyncio
import os

from alloy_async import AgilicusDirectory, AsyncAgilicus, AsyncOpendatasoft, OpendatasoftDirectory
from alloy_async.directory import copy


async def main() -> None:
    async with AsyncAgilicus() as agilicus, AsyncOpendatasoft() as portal:  # from the environment
        source = AgilicusDirectory(agilicus, org_id=os.environ["AGILICUS_ORG_ID"])
        async for user in copy(source, OpendatasoftDirectory(portal)):
            print(user.outcome.key, user.outcome.status, *user.losses, sep="\t")


asyncio.run(main())
