{{ comptes('eternite') }}
