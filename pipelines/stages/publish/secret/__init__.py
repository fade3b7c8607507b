"""The public profile: what anybody may read, with small numbers of agents hidden, and the proof that they stay hidden.

    declaration   what each table of ``rapport`` says of whom (``secrecy.yml``)
    population    who is counted: the unknowns of a reader, and what he knows of them beforehand
    cells         the numbers that the tables print, as sums over a population
    attack        what a reader can deduce of a hidden number from those he can read
    suppress      which numbers to hide
    words         the texts that anybody may read
    profile       the database without them, read back and attacked before it is published

docs/secret-statistique.md says which criterion is applied, docs/decisions/0007-secret-statistique.md why.
"""
