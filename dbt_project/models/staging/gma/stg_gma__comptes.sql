{{ comptes('gma') }}
