"""Many studies: on this machine or on any Dask cluster."""
