{{ heures_remunerees('cegid_rh') }}
