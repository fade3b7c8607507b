select
    cast(exercice as integer) as exercice,
    cast(type_dossier as string) as droit,
    cast(count(*) as bigint) as nb_recues,
    cast(count(date_reponse) as bigint) as nb_repondues,
    cast(count(*) filter (where est_dans_les_delais) as bigint) as nb_dans_les_delais,
    cast(count(*) filter (where not est_dans_les_delais) as bigint) as nb_hors_delai,
    cast(count(*) filter (where est_dans_les_delais is null) as bigint) as nb_en_cours,
    {{ ratio('sum(' ~ duree('day', 'date_ouverture', 'date_reponse') ~ ')', 'count(date_reponse)', 1) }} as delai_moyen_jours,
    {{ role_ligne() }}
from {{ ref('fct_dossiers_rgpd') }}
where nature_dossier = 'demande'
group by exercice, type_dossier
