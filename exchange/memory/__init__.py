"""What is remembered of an owner: bounded by that owner's own doing, and packed into texts where it is old."""
