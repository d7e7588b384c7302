"""Recovery: checkpoints are made and restored, journals replayed, and streams scrubbed for damage."""
