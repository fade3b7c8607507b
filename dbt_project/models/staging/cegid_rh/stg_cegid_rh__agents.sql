{{ agents('cegid_rh') }}
