{{ comptes('cartads') }}
