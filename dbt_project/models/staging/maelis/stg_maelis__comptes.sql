{{ comptes('maelis') }}
