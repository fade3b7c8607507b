{{ comptes('colbert') }}
