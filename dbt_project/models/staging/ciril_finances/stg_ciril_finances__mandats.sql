{{ ecritures('mandats') }}
