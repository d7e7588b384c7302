"""The audit: journals are replayed and compared with their events, and faults keep evidence."""
