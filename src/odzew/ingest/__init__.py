"""Ways in. Each turns what its protocol brings into arrivals and answers only after the commit."""
