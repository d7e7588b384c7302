"""Requests: frames, params and bodies of clients, decoded strictly into commands."""
