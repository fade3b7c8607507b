{{ comptes('ciril_elections') }}
