{{ comptes('ciril_rh') }}
