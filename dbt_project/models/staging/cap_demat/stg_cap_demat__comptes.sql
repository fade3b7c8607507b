{{ comptes('cap_demat') }}
