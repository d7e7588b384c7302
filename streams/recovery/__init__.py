"""Recovery: checkpoints are made and restored, journals replayed, and damage is looked for."""
