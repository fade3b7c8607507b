"""The public profile: what anybody may read, in which no few persons can be told apart, and the proof.

    sums             what tables about persons say: each number, a sum over a population of the facts
    worlds           the rule: whoever is counted could be one of at least as many alike as the threshold; the search
    versions         former public versions of an exercice, with the persons behind them
    choice           the forms of tables about persons that are public, exercice by exercice
    words            the texts that are declared
    readings         those that services typed, public once a named person has read them
    profile          the database of what is public, read back before it is published
    public_profile   that of a publication, with what is found of it; its archive

The declaration is ``catalogue/secrecy.yml``, its vocabulary ``pipelines.catalogue.secrecy``. docs/secret-statistique.md says
which rule is applied, docs/decisions/0007-secret-statistique.md why.
"""
