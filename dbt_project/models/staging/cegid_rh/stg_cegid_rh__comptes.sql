{{ comptes('cegid_rh') }}
