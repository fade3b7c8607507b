{{ bulletins('cegid_rh') }}
