"""What a bulk job costs: of one file, of many tenants, of many workers."""
