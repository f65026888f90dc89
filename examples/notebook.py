"""The synchronous client, cell by cell as in a notebook; it works where a loop already runs."""

from __future__ import annotations

# %%
from alloy_async import Alloy
from alloy_async.sandbox import Sandbox

sandbox = Sandbox("alloy").__enter__()  # with the real service: alloy = Alloy(), key in ALLOY_API_KEY
alloy = Alloy("key", base_url=sandbox.url)

# %%
created = alloy.create_a_user(username="ada@example.org", full_name="Ada Lovelace")
print("created", created.user_id)

# %%
for user in (alloy.list_all_users().data or [])[-3:]:
    print(user.username, "-", user.full_name)

# %%
alloy.delete_a_user("ada@example.org")
alloy.close()
sandbox.__exit__(None, None, None)
