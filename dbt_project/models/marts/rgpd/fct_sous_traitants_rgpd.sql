select
    cast(exercice as integer) as exercice,
    cast(raison_sociale as string) as raison_sociale,
    cast(prestation as string) as prestation,
    cast(a_clauses as boolean) as a_clauses,
    cast(date_envoi as date) as date_envoi,
    cast(date_retour as date) as date_retour,
    cast(date_envoi is not null as boolean) as est_envoye,
    cast(date_retour is not null as boolean) as est_retourne,
    try_cast(note_pct as integer) as note_pct,
    cast(conclusion as string) as conclusion
from {{ ref('int_rgpd__sous_traitants') }}
where poids = 1
