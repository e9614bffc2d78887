"""What all reads and changes stand on."""
