"""What is absent shows: parts of the demonstration's exports are removed, and every figure is looked at again.

The oath that is put to the proof: when something of what a year was made of is not there, every figure of the report either
stays equal, or changes its state, or has a finding; never another number that calls itself complete.

- ``removals``: what can be taken away (a file, a budget document, a sheet, a month, a line) or made unreadable (a cell).
- ``rebuild``: the figures and findings of a home without it, by the engine's own stages, without a process a build.
- ``campaign``: which removals share a build, what changed, and whether it shows.

``python -m tests.absences`` (``make absences``) runs all of them.

**What cannot be seen.** A whole file, document, sheet or month is expected, so that its absence is known. A line is not: when one
is taken out of a file that says nowhere how many it holds, what is left is a perfect file. So a line that is removed must show
where the file has a control total, and is only counted elsewhere ("undetectable"); a line that is there and cannot be read must
always show.
"""
