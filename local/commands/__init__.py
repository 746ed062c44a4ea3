"""What `sonoflow` can be told to do: table.py lists it, the other modules do it."""
