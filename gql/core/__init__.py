"""What all types and fields stand on."""
