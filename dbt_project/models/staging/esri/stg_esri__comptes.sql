{{ comptes('esri') }}
