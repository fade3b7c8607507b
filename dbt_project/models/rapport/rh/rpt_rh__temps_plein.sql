-- Temps plein is a choice of the agents whose post is temps complet.
{{ deux_reponses(
    ref('fct_effectifs'), 'est_temps_plein', ('plein', 'Temps plein'), ('partiel', 'Temps partiel'),
    code='code_temps', libelle='libelle_temps', parmi='est_temps_complet'
) }}
