{{ comptes('maestro') }}
