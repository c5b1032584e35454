"""Who may: tokens, passwords, addresses, throttling and rights."""
