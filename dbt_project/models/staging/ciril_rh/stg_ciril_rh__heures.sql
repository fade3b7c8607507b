{{ heures_remunerees('ciril_rh') }}
