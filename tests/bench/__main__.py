"""Runs every measure (``make bench``). Ratios can be compared between machines; seconds cannot."""

from tests.bench import hostile, ingest, runs, scale

if __name__ == "__main__":
    ingest.main(ingest.LINES)
    runs.main()
    scale.main(list(scale.FACTORS))
    hostile.main(hostile.SCALE)
