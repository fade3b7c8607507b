-- Temps complet is a quality of the post.
{{ deux_reponses(
    ref('fct_effectifs'), 'est_temps_complet', ('complet', 'Temps complet'), ('non_complet', 'Temps non complet'),
    code='code_temps', libelle='libelle_temps'
) }}
