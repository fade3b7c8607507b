"""Every measure, in one run: ``make bench``. Ratios travel from one machine to another; seconds do not."""

from tests.bench import hostile, ingest, runs, scale

if __name__ == "__main__":
    ingest.main(ingest.LINES)
    runs.main()
    scale.main(list(scale.FACTORS))
    hostile.main(hostile.SCALE)
