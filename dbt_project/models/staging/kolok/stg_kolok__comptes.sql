{{ comptes('kolok') }}
