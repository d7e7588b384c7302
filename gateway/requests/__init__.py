"""What clients write: frames, params and bodies, decoded strictly into commands."""
