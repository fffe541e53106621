"""Getting raw facts and keeping them: files and snapshots."""
