"""How the project is built: checked, so that it stays so."""
