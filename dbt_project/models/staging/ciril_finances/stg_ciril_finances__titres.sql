{{ ecritures('titres') }}
