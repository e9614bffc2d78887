"""What happens: reads, changes and the rules that decide."""
