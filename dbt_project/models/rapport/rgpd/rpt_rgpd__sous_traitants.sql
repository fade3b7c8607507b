select
    cast(exercice as integer) as exercice,
    cast(count(*) as bigint) as nb_sous_traitants,
    cast(count(*) filter (where a_clauses) as bigint) as nb_avec_clauses,
    cast(count(*) filter (where est_envoye) as bigint) as nb_questionnaires_envoyes,
    cast(count(*) filter (where est_retourne) as bigint) as nb_questionnaires_retournes,
    {{ ratio('100 * count(*) filter (where est_retourne)', 'count(*) filter (where est_envoye)', 0) }} as taux_retour_pct,
    {{ ratio('sum(note_pct)', 'count(note_pct)', 0) }} as note_moyenne_pct,
    cast(count(*) filter (where conclusion = 'conforme') as bigint) as nb_conformes,
    cast(count(*) filter (where conclusion = 'à améliorer') as bigint) as nb_a_ameliorer,
    cast(count(*) filter (where conclusion = 'non conforme') as bigint) as nb_non_conformes,
    {{ role_ligne() }}
from {{ ref('fct_sous_traitants_rgpd') }}
group by exercice
