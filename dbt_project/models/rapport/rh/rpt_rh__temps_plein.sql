-- Temps plein is a choice of the agents whose post is temps complet.
{{ temps_de_travail(
    ref('fct_effectifs'), 'est_temps_plein', ('plein', 'Temps plein'), ('partiel', 'Temps partiel'), parmi='est_temps_complet'
) }}
