{{ comptes('sirius') }}
