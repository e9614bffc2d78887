"""What is stored: rows, migrations, transactions, keys."""
