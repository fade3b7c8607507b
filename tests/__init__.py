import os

os.environ["MILLESIME_QUIET"] = "0"  # what a test drops is whole; the processes that it starts take it from here
