{{ bulletins('ciril_rh') }}
