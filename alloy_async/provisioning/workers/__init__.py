"""Where the workers of a job in shards run: processes of this machine, or a Dask cluster; the store decides what each does."""
