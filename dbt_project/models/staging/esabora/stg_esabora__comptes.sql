{{ comptes('esabora') }}
