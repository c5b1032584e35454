"""Ways out: the forwarding engine and everything one call to a client's URL needs."""
