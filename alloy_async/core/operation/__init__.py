"""What a call is: an operation as an attrs class, its wire markers, its method on both clients, and how listings go on."""
