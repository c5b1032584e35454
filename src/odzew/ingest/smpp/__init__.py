"""Ways in over SMPP 3.4: our side as an ESME."""
