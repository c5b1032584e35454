"""One database, two engines: the seam, the units of work, the migrations."""
