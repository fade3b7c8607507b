{{ comptes('ciril_finances') }}
