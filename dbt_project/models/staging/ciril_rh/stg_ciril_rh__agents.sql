{{ agents('ciril_rh') }}
