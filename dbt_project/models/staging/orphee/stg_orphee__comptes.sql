{{ comptes('orphee') }}
