"""What happens to callbacks: they are promised, assigned, started, kept or called off."""

from resolvers.callbacks.assignment import assign_callback
from resolvers.callbacks.creation import create_callback
from resolvers.callbacks.transitions import cancel_callback, complete_callback, start_callback

__all__ = ["assign_callback", "cancel_callback", "complete_callback", "create_callback", "start_callback"]
