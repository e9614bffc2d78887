"""What tests stand on: rows made directly, and clients that speak to the server as its users do."""
