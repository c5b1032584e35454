"""Pure: octets and words to values and back. No I/O, no storage, no clock."""
