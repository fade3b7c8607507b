{{ comptes('pelehas') }}
