"""The revisions, oldest first by name. One that has been released is never edited."""
