-- Temps complet is a quality of the post.
{{ temps_de_travail(
    ref('fct_effectifs'), 'est_temps_complet', ('complet', 'Temps complet'), ('non_complet', 'Temps non complet')
) }}
