"""What all rows and transactions stand on."""
