{{ comptes('elise') }}
